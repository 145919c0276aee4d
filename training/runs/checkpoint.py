"""Writes and restores checkpoints, one file with everything to resume a run. Also loads the generators of a run."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError, shown
from facetoon.edge_runtime.whole_file import replacing, write_whole
from facetoon.training.runs.trainer import Trainer

DIRECTIONS = {"ab": "photo to cartoon", "ba": "cartoon to photo"}


def save(folder: Path, step: int, trainer: Trainer, keep: int) -> None:
    """Write `step-NNNNNNNN.npz` and the generators, then delete all but the newest `keep` checkpoints."""
    _write_state(folder / f"step-{step:08d}.npz", step, trainer)
    _write_generators(folder.parent, trainer)
    for old in sorted(folder.glob("step-*.npz"))[:-keep]:
        old.unlink()


def save_best(run: Path, step: int, trainer: Trainer, metric: str, scores: dict[str, float]) -> None:
    """Write state and generators to `run/best` when `metric` is lower than before."""
    if metric not in scores:
        raise InputError(f"The recipe's best_metric is {metric}; this kind of run measures {', '.join(scores)}.")
    kept = run / "best" / "score.json"
    if kept.exists() and json.loads(kept.read_text("utf-8"))[metric] <= scores[metric]:
        return
    _write_state(run / "best" / "state.npz", step, trainer)
    _write_generators(run / "best", trainer)
    write_whole(kept, json.dumps({"step": step, **scores}))


def _write_state(target: Path, step: int, trainer: Trainer) -> None:
    arrays = {f"variable/{i:04d}": np.asarray(v.value) for i, v in enumerate(trainer.variables)}
    arrays |= {f"host/{name}": value for name, value in trainer.host_state().items()}
    stop = 0
    for name, network in trainer.networks.items():
        start, stop = stop, stop + len(network.variables)
        arrays[f"range/{name}"] = np.array([start, stop])
    with replacing(target) as partial, partial.open("wb") as file:
        np.savez(file, step=step, **arrays)  # type: ignore[arg-type]  # the stub mistakes the arrays for savez's flags


def _write_generators(folder: Path, trainer: Trainer) -> None:
    for direction, generator in trainer.generators.items():
        name = f"generator_{direction}" if direction in DIRECTIONS else direction
        with replacing(folder / f"{name}.keras") as partial:
            generator.save(partial)


def restore(folder: Path, trainer: Trainer) -> int:
    """Load the newest checkpoint into `trainer` and return its step; 0 when there is none.

    Raises InputError when the checkpoint belongs to other networks.
    """
    checkpoints = sorted(folder.glob("step-*.npz"))
    if not checkpoints:
        return 0
    state = _read_state(checkpoints[-1])
    values = [state[name] for name in sorted(state) if name.startswith("variable/")]
    variables = trainer.variables
    if [v.shape for v in values] != [tuple(v.shape) for v in variables]:
        raise InputError(f"The checkpoint {checkpoints[-1]} belongs to other networks than this recipe builds.")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    trainer.restore_host_state({n.removeprefix("host/"): v for n, v in state.items() if n.startswith("host/")})
    return int(state["step"])


def network_values(folder: Path, prefix: str) -> dict[str, list[Any]]:
    """Return the values of each network whose name begins with `prefix`, from the newest checkpoint; {} without one."""
    checkpoints = sorted(folder.glob("step-*.npz"))
    state = _read_state(checkpoints[-1]) if checkpoints else {}
    ranges = {n.removeprefix("range/"): v for n, v in state.items() if n.startswith(f"range/{prefix}")}
    return {name: [state[f"variable/{i:04d}"] for i in range(*span)] for name, span in ranges.items()}


def _read_state(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return dict(arrays)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise InputError(f"The checkpoint {path} cannot be read: {error}.") from None


def generator_path(run: Path, direction: str = "ab") -> Path:
    """Return the path of a run's generator, or `run` if it is a .keras file. Raises InputError when there is none."""
    path = run if run.suffix == ".keras" else run / f"generator_{direction}.keras"
    if not path.is_file():
        raise InputError(f"{run} holds no generator for the direction {direction} ({path.name} is missing).")
    return path


def generator_digest(run: Path) -> str:
    """Return the SHA-256 of a run's generator, which identifies the generator in the configuration of later runs."""
    return hashlib.sha256(generator_path(run).read_bytes()).hexdigest()


def load_generator(run: Path, direction: str = "ab") -> Any:
    """Load a run's Keras generator for the `direction` "ab" (photo to cartoon) or "ba", or any .keras file.

    It maps float32 (batch, height, width, 3) in -1..1 to the same. Raises InputError when there is none.
    """
    import keras

    from facetoon.training.networks import (  # noqa: F401  registers the layers that generators are made of
        student,
        teacher,
    )

    path = generator_path(run, direction)
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras builds whatever the file's JSON names: any error may come of it
        raise InputError(_why_not_loaded(path, str(error) or type(error).__name__)) from None


def _why_not_loaded(path: Path, keras_says: str) -> str:
    """Return one sentence for the many of Keras, which names the cause at the end of a dump of the configuration."""
    if unknown := re.search(r"Could not locate (?:class|function) '([^']+)'", keras_says):
        other = "export it as a SavedModel, .tflite or .onnx; toon-convert also takes --custom FILE.py"
        return f"{path} uses {unknown[1]}, which Keras does not have: {other}."
    if not zipfile.is_zipfile(path):
        return f"{path} is not a Keras model that can be loaded: it is no .keras archive, whatever its name says."
    *_, cause = keras_says.split("Exception encountered: ")
    return f"{path} is not a Keras model that can be loaded: {shown(cause.splitlines()[0])}"
