"""Keeps arrays that take long to make in a folder, for the next run."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.whole_file import write_whole

Arrays = dict[str, NDArray[Any]]


def kept_arrays(folder: Path | None, name: str, reasons: tuple[Any, ...], make: Callable[[], Arrays]) -> Arrays:
    """Return the arrays of `make`, or those that an earlier call with equal `reasons` left in `folder`.

    The `repr` of `reasons` holds all that the arrays depend on. Without a folder they are made each time.
    """
    file = folder and folder / f"{name}-{hashlib.sha256(repr(reasons).encode()).hexdigest()[:16]}.npz"
    if file and file.exists():
        with np.load(file) as kept:
            return dict(kept)
    made = make()
    if file:
        buffer = io.BytesIO()
        np.savez(buffer, **made)  # type: ignore[arg-type]
        write_whole(file, buffer.getvalue())
    return made
