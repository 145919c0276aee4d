"""Splits a model file into model bytes and spec text, and joins them. The suffix chooses the format."""

from __future__ import annotations

from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files import onnx_tail, zip_tail
from facetoon.edge_runtime.model_files.spec_text import parse_json
from facetoon.edge_runtime.whole_file import read_bounded, write_whole

ONNX, TFLITE = ".onnx", ".tflite"
REJECTED = ".rejected"
"""Suffix of a file that failed its verdict: toon.rejected is a .tflite, toon.onnx.rejected an .onnx."""
LARGEST_MODEL_BYTES = 512_000_000
TFLITE_MAGIC = b"TFL3"  # at byte 4 of every TFLite flatbuffer
GENERATOR = "generator"
"""The kind of a spec without a kind, since the first specs were all of generators."""


def format_of(path: Path) -> str:
    """Return the suffix that says a model file's format, also of a rejected one."""
    accepted = Path(path.name.removesuffix(REJECTED))
    return accepted.suffix if accepted.suffix == ONNX or accepted.name == path.name else TFLITE


def write_tailed(path: Path, model: bytes, text: str) -> None:
    """Write the model bytes with the text at their end, whole or not at all."""
    join = onnx_tail.join if path.suffix == ONNX else zip_tail.join
    write_whole(path, join(model, text))


def read_tailed(path: Path) -> tuple[bytes, str] | None:
    """Read the model bytes without their tail, and the text of the spec; None when the file carries no spec.

    Raises InputError when the file cannot be read or its type differs from its suffix.
    """
    data = read_model_bytes(path)
    if format_of(path) == ONNX:
        return onnx_tail.split(data)
    if not is_tflite(data):
        raise InputError(f"{path} is not a TFLite model.")
    return zip_tail.split(data)


def is_tflite(data: bytes) -> bool:
    """Whether the bytes begin like a TFLite flatbuffer."""
    return data[4:8] == TFLITE_MAGIC


def read_model_bytes(path: Path) -> bytes:
    """Read any model file whole. Raises InputError when it cannot be read or exceeds LARGEST_MODEL_BYTES."""
    return read_bounded(path, LARGEST_MODEL_BYTES, "The model")


def kind_of(path: Path) -> str | None:
    """Read a model file's kind: GENERATOR, "face tracker", or None for a file without a facetoon spec.

    The file's name plays no part. Raises InputError as `read_tailed` does, and for a spec that is no JSON object.
    """
    parts = read_tailed(path)
    if parts is None:
        return None
    return str(parse_json(parts[1], str(path)).get("kind", GENERATOR))
