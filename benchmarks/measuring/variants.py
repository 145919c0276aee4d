"""Which ways of running a model are compared, and how each is opened: our own files and any other cartoonizer's."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from facetoon.benchmarks.measuring.foreign_models import Foreign, ForeignSession
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.zip_tail import MEMBER
from facetoon.edge_runtime.sessions.litert_session import LiteRtSession
from facetoon.edge_runtime.sessions.session import Session, open_session

TFLITE_RUNTIMES = ("litert", "tflite-runtime")
ONNX_RUNTIMES = ("onnxruntime",)


@dataclass(frozen=True)
class Variant:
    """One way to run a model."""

    runtime: str
    threads: int
    xnnpack: bool | None
    """None where the runtime has no such choice."""

    @property
    def label(self) -> str:
        """Unique and short, such as "litert, 2 threads, XNNPACK off"."""
        delegate = {None: "", True: "", False: ", XNNPACK off"}[self.xnnpack]
        return f"{self.runtime}, {self.threads} thread{'s' * (self.threads > 1)}{delegate}"


def variants_of(path: Path, runtimes: tuple[str, ...], threads: list[int]) -> list[Variant]:
    """Every combination that can run this kind of file; XNNPACK off only with one thread, for it is slow."""
    fitting = ONNX_RUNTIMES if path.suffix == ".onnx" else TFLITE_RUNTIMES
    out = []
    for runtime in (name for name in runtimes if name in fitting):
        has_choice = runtime in TFLITE_RUNTIMES
        out += [Variant(runtime, count, True if has_choice else None) for count in threads]
        out += [Variant(runtime, threads[0], False)] if has_choice else []
    if not out:
        raise InputError(f"{path} runs on {' or '.join(fitting)}, which is not among {', '.join(runtimes)}.")
    return out


def is_ours(path: Path) -> bool:
    """Whether the file carries a facetoon spec; InputError when it cannot be read or is no model file at all."""
    if path.suffix not in (".tflite", ".onnx"):
        raise InputError(f"{path} is not a model file (.tflite or .onnx).")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"The model {path} cannot be read: {error.strerror}.") from None
    if path.suffix == ".onnx":
        return b"facetoon" in data and b'"framing"' in data
    if data[4:8] != b"TFL3":
        raise InputError(f"{path} is not a TFLite model.")
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return MEMBER in archive.namelist()


def open_variant(path: Path, variant: Variant, foreign: Foreign) -> Session:
    """Load the file for one variant. Raises InputError when it cannot run so."""
    if not is_ours(path):
        return ForeignSession(path, variant, foreign)
    if variant.xnnpack is None:
        return open_session(path, variant.runtime, variant.threads)
    return LiteRtSession(path, variant.runtime, variant.threads, variant.xnnpack)
