"""A drawn style as a teacher of a student: photographs in, drawings out, and which of them show a face."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.drawings.studio import Studio
from facetoon.training.work.ordered_pool import in_order

PREFIX = "draw:"
"""`--teacher toon=draw:toon`, or `draw:my_style.py`."""
DRAWS_AT_PX = 256


class DrawnTeacher:
    """Answers like a generator that works at `size_px`. `digest` identifies what its answers depend on."""

    def __init__(self, style: str, landmarks: Path | None = None, jobs: int = 1, size_px: int = DRAWS_AT_PX) -> None:
        """`style` is a name or a .py file, with or without PREFIX. Raises InputError when it cannot be used."""
        self._studio = Studio(style.removeprefix(PREFIX), landmarks, size_px)
        self._jobs = jobs
        self.size_px = size_px
        self.name, self.shape = self._studio.style.name, self._studio.style.shape
        settings = " ".join(map(str, self._studio.settings().values()))
        self.digest = hashlib.sha256(settings.encode()).hexdigest()

    def draw(self, photos: pixels.Image) -> tuple[pixels.Image, NDArray[np.bool_]]:
        """Drawings of RGB uint8 (n, side, side, 3), the same shape and dtype, and (n,): whether a face was found.

        Each is drawn at `size_px` and brought back to its side. Where no face is, the answer is the photograph itself:
        leave it out of the lesson. Raises InputError when no photograph shows a face.
        """
        if photos.dtype != np.uint8 or photos.ndim != 4 or photos.shape[3] != 3:
            raise ValueError(
                f"photos are {photos.dtype} of shape {photos.shape}, not uint8 of shape (n, side, side, 3)"
            )
        results = in_order(partial(_worker, self._studio), list(photos), self._jobs)
        drawings = list(tqdm(results, desc=self.name, total=len(photos), unit="picture", disable=None))
        is_face = np.array([drawing is not None for drawing in drawings], bool)
        if len(photos) and not is_face.any():
            raise InputError(f"The style {self.name} found a face in none of {len(photos)} photographs.")
        pairs = zip(drawings, photos, strict=True)
        return np.stack([photo if drawing is None else drawing for drawing, photo in pairs]), is_face


def _worker(studio: Studio) -> Callable[[pixels.Image], pixels.Image | None]:
    def draw(photo: pixels.Image) -> pixels.Image | None:
        drawing = studio.draw(pixels.square(photo, studio.size_px))
        return None if drawing is None else pixels.square(drawing, len(photo))

    return draw
