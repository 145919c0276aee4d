"""Splits a model file into model bytes and spec text, and joins them. The suffix chooses the format."""

from __future__ import annotations

import json
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files import onnx_tail, zip_tail
from facetoon.edge_runtime.whole_file import write_whole

ONNX, TFLITE = ".onnx", ".tflite"
REJECTED = ".rejected"
"""Suffix of a file that failed its verdict: toon.rejected is a .tflite, toon.onnx.rejected an .onnx."""
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
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"The model {path} cannot be read: {error.strerror}.") from None
    if format_of(path) == ONNX:
        return onnx_tail.split(data)
    if data[4:8] != TFLITE_MAGIC:
        raise InputError(f"{path} is not a TFLite model.")
    return zip_tail.split(data)


def kind_of(path: Path) -> str | None:
    """Read a model file's kind: GENERATOR, "face tracker", or None for a file without a facetoon spec.

    The file's name plays no part. Raises InputError as `read_tailed` does, and for a spec that is no JSON object.
    """
    parts = read_tailed(path)
    if parts is None:
        return None
    try:
        return str(json.loads(parts[1]).get("kind", GENERATOR))
    except (AttributeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} carries a model spec that cannot be read: {error}.") from None
