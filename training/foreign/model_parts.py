"""The files that a model consists of, and their hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import ONNX, read_model_bytes


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a model's files, in the order of `parts_of`."""
    total = hashlib.sha256()
    for file in parts_of(path):
        total.update(read_model_bytes(file))
    return total.hexdigest()


def parts_of(path: Path) -> list[Path]:
    """Return the files of a model: a SavedModel's, or the file with the weights that an .onnx file keeps beside it."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    return [path, *external_weights(path)]


def external_weights(path: Path) -> list[Path]:
    """Return the files in which an .onnx file keeps large weights. Raises InputError for a file that is no ONNX."""
    if path.suffix != ONNX:
        return []
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load_from_string(read_model_bytes(path)).graph
    except DecodeError:
        raise InputError(f"{path} is not a model that onnxruntime can run: it is no ONNX file.") from None
    entries = [entry for tensor in graph.initializer for entry in tensor.external_data]
    return sorted({path.parent / entry.value for entry in entries if entry.key == "location"})
