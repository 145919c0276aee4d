"""Tries a model out in a process of its own before this process loads it, so that a crash there is a sentence here.

The trial loads the model and computes one frame, under limits of memory and processor time. A model that passed is
remembered by its hash, and is not tried again with the same version of the runtime. A trial of styles-128 takes 108 ms
on an idle Zen 5 core, of which Python and NumPy are 87.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from facetoon.edge_runtime.errors import InputError, shown
from facetoon.edge_runtime.model_files.tailed_file import is_tflite, read_model_bytes
from facetoon.edge_runtime.model_files.tflite_check import MOST_MEMORY_VARIABLE, check_tflite, most_layer_bytes
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES

SHIPPED = Path(__file__).parents[1] / "models"
"""The models of the package, which its own tests have tried."""
USUAL_PX = 64  # of a picture of variable size: many networks halve it five times
LONGEST_S = 18.0
MOST_CPU_S = 15
BESIDE_LAYER_BYTES = 250_000_000  # address space of Python, NumPy, the runtime and the other layers
COPIES_OF_MODEL = 5  # in the address space: its bytes, and the weights as the kernels pack them, as float32 if need be


def read_tried(path: Path, runtime: str, size_px: int | None = None) -> bytes:
    """Read another project's model file and do `check_and_try`; return its bytes."""
    model = read_model_bytes(path)
    check_and_try(model, path, runtime, size_px)
    return model


def check_and_try(
    model: bytes, path: Path, runtime: str, size_px: int | None = None, weights: Sequence[Path] = ()
) -> None:
    """Do `check_tflite` for a TFLite model, and `try_model` for any. Variable sides get `size_px`, or USUAL_PX."""
    if is_tflite(model):
        check_tflite(model, str(path))
    try_model(model, path, runtime, size_px or USUAL_PX, weights)


def try_model(model: bytes, path: Path, runtime: str, size_px: int = USUAL_PX, weights: Sequence[Path] = ()) -> None:
    """Load the bytes of the model file `path` in a child process, and compute one frame there.

    Variable sides get `size_px`. A model with `weights` in files beside it is loaded by its path, and tried each time.
    Raises InputError when the model is refused, crashes the runtime, or exceeds a limit: LONGEST_S and MOST_CPU_S, and
    memory for a layer of `most_layer_bytes`.
    """
    RUNTIMES[runtime].load()  # a missing library is named before the trial
    if path.resolve().parent == SHIPPED:
        return
    arguments = ["model", runtime, str(size_px)]
    if weights:
        held_bytes = len(model) + sum(file.stat().st_size for file in weights if file.is_file())
        reason = run_trial([*arguments, str(path.resolve())], b"", _most_bytes(held_bytes))
    else:
        reason = _remembered_trial(arguments, model, metadata.version(RUNTIMES[runtime].distribution))
    if reason:
        raise InputError(f"{path} is not a model that {runtime} can run: {reason}")


def try_detector(data: bytes, path: Path, kind: str, opencv: str) -> None:
    """Do `try_model` for the bytes of a detector's file, a "YuNet" or a "cascade", with this version of OpenCV."""
    reason = _remembered_trial([kind], data, opencv)
    if reason:
        raise InputError(f"The detector {path} is no {kind} that OpenCV can run: {reason}")


def _remembered_trial(arguments: list[str], data: bytes, version: str) -> str:
    """Do `run_trial` unless the bytes have passed it with this version of the library."""
    mark = _mark(data, [*arguments, version])
    if mark and mark.exists():
        return ""
    reason = run_trial(arguments, data, _most_bytes(len(data)))
    if mark and not reason:
        with contextlib.suppress(OSError):  # a read-only home only costs the next start a trial
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
    return reason


def _most_bytes(held_bytes: int) -> int:
    return most_layer_bytes() + BESIDE_LAYER_BYTES + COPIES_OF_MODEL * held_bytes


def run_trial(arguments: list[str], data: bytes, most_bytes: int) -> str:
    """Run trial_child with `data` as its input; return why it failed, as half a sentence with its full stop, or ""."""
    command = [sys.executable, "-m", "facetoon.edge_runtime.sessions.trial_child", str(MOST_CPU_S), str(most_bytes)]
    settings = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    with subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | settings,
    ) as child:
        try:
            answer, _ = child.communicate(data, timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            child.kill()
            return f"its first frame takes more than {LONGEST_S:g} s."
        except BaseException:
            child.kill()
            raise
    return _reason(child.returncode, answer.decode("utf-8", "replace"), most_bytes)


def _reason(status: int, answer: str, most_bytes: int) -> str:
    if status == 0:
        return ""
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"its first frame takes more than {MOST_CPU_S} s of the processor."
    if status < 0:
        return f"it ends the library by {signal.Signals(-status).name}, or needs more than {most_bytes / 1e6:.0f} MB."
    if answer:
        return f"{shown(answer.splitlines()[0].rstrip('.'))}."
    return f"it needs more than {most_bytes / 1e6:.0f} MB; {MOST_MEMORY_VARIABLE} allows more."


def _mark(data: bytes, words: list[str]) -> Path | None:
    """Return the file that says that a model passed; None without a home directory."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facetoon" / "tried-models"
    except RuntimeError:
        return None
    return folder / "-".join([hashlib.sha256(data).hexdigest(), *words])
