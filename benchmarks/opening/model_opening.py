"""Opens a model file for one variant: our own files by their spec, others by the user's facts."""

from __future__ import annotations

from pathlib import Path

from facetoon.benchmarks.opening.variant import Variant
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import kind_of
from facetoon.edge_runtime.sessions.adoption import AdoptionFacts, foreign_bytes
from facetoon.edge_runtime.sessions.picture_shape import Sides
from facetoon.edge_runtime.sessions.runtimes import MODEL_SUFFIXES
from facetoon.edge_runtime.sessions.session import Session, open_session
from facetoon.edge_runtime.spec import read_model


def is_ours(path: Path) -> bool:
    """Whether a model file carries a facetoon spec. Raises InputError for a file that cannot be read or is no model."""
    if path.suffix not in MODEL_SUFFIXES:
        raise InputError(f"{path} is not a model file ({' or '.join(MODEL_SUFFIXES)}).")
    return kind_of(path) is not None


def network_of(path: Path, facts: AdoptionFacts) -> tuple[bytes, Sides | None]:
    """Return the bytes of a model without its spec, and the sides of its picture where the file leaves them open."""
    if not is_ours(path):
        return foreign_bytes(path), facts.sides_px
    model, spec = read_model(path)
    return model, spec.sides_px


def open_variant(path: Path, variant: Variant, facts: AdoptionFacts) -> Session:
    """Load a file for one variant. Raises InputError when the variant cannot run it."""
    return open_session(
        path, variant.runtime, variant.threads, variant.xnnpack is not False, None if is_ours(path) else facts
    )
