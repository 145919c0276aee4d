"""A drawn style as a teacher of a student: photographs in, drawings out, and which of them show a face."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from facetoon.edge_runtime import pixels
from facetoon.training.drawings.picture_teacher import PictureTeacher
from facetoon.training.drawings.studio import Studio
from facetoon.training.drawn.warp import Shape
from facetoon.training.work.ordered_pool import in_order

PREFIX = "draw:"
"""`--teacher toon=draw:toon`, or `draw:my_style.py`."""
DRAWS_AT_PX = 256


class DrawnTeacher(PictureTeacher):
    """A style that draws on `jobs` processes, at each photograph's own side, but at least at `size_px`."""

    def __init__(self, style: str, landmarks: Path | None = None, jobs: int = 1, size_px: int = DRAWS_AT_PX) -> None:
        """`style` is a name or a .py file, with or without PREFIX. Raises InputError when it cannot be used."""
        self._studio = Studio(style.removeprefix(PREFIX), landmarks, size_px)
        self._jobs = jobs
        self.size_px = size_px
        drawn = self._studio.style
        self.name, self.shape, self.keeps_shape = drawn.name, drawn.shape or Shape(), drawn.shape == Shape()
        settings = " ".join(map(str, self._studio.settings().values()))
        self.digest = hashlib.sha256(settings.encode()).hexdigest()

    def cartoons(self, photos: Sequence[pixels.Image]) -> Iterator[pixels.Image | None]:
        """See PictureTeacher."""
        return in_order(partial(_worker, self._studio), photos, self._jobs)


def _worker(studio: Studio) -> Callable[[pixels.Image], pixels.Image | None]:
    def draw(photo: pixels.Image) -> pixels.Image | None:
        drawing = studio.draw(pixels.square(photo, max(studio.size_px, len(photo))))
        return None if drawing is None else pixels.square(drawing, len(photo))

    return draw
