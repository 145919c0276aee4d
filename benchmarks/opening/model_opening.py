"""Opens a model file for one variant: our own files as the device does, others as a ForeignSession."""

from __future__ import annotations

from pathlib import Path

from facetoon.benchmarks.opening.foreign_session import Foreign, ForeignSession
from facetoon.benchmarks.opening.variant import Variant
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import kind_of
from facetoon.edge_runtime.sessions.runtimes import MODEL_SUFFIXES
from facetoon.edge_runtime.sessions.session import Session, open_session


def is_ours(path: Path) -> bool:
    """Whether a model file carries a facetoon spec. Raises InputError for a file that cannot be read or is no model."""
    if path.suffix not in MODEL_SUFFIXES:
        raise InputError(f"{path} is not a model file ({' or '.join(MODEL_SUFFIXES)}).")
    return kind_of(path) is not None


def open_variant(path: Path, variant: Variant, foreign: Foreign) -> Session:
    """Load a file for one variant. Raises InputError when the variant cannot run it."""
    if not is_ours(path):
        return ForeignSession(path, variant, foreign)
    return open_session(path, variant.runtime, variant.threads, xnnpack=variant.xnnpack is not False)
