"""The files that a model consists of, and their hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from facetoon.edge_runtime.model_files.tailed_file import ONNX


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a model file with the weights beside it, or of all files of a SavedModel folder."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
    else:
        files = [path, *_external_weights(path)]
    total = hashlib.sha256()
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()


def _external_weights(path: Path) -> list[Path]:
    """Return the files in which an .onnx file keeps large weights."""
    if path.suffix != ONNX:
        return []
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    entries = [entry for tensor in graph.initializer for entry in tensor.external_data]
    return sorted({path.parent / entry.value for entry in entries if entry.key == "location"})
