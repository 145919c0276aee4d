"""A style and the landmark net it needs: from a photograph to its drawing."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

from facetoon.edge_runtime import pixels
from facetoon.training.drawn.drawn_style import DrawnStyle, load_style
from facetoon.training.drawn.landmarks import LandmarkNet


class Studio:
    """Draws photographs. Pickled, it is small: each process opens a net and a style of its own."""

    def __init__(self, style: str, landmarks: Path | None, size_px: int) -> None:
        """`style` is a name or a .py file; `landmarks` None takes the installed file.

        Both are opened when they are first needed.
        """
        self._origin = style, landmarks, size_px
        self.size_px = size_px

    def __reduce__(self) -> tuple[type[Studio], tuple[str, Path | None, int]]:
        return Studio, self._origin

    @cached_property
    def style(self) -> DrawnStyle:
        """The style. Raises InputError when there is none."""
        return load_style(self._origin[0])

    @cached_property
    def net(self) -> LandmarkNet:
        """The landmark net. Raises InputError when the file is none."""
        return LandmarkNet(self._origin[1])

    def settings(self) -> dict[str, str | int]:
        """What the drawings depend on, in words for messages."""
        landmarks = hashlib.sha256(self.net.path.read_bytes()).hexdigest()
        return {"style": f"{self.style.name} {self.style.digest}", "size": self.size_px, "landmark file": landmarks}

    def draw(self, photo: pixels.Image) -> pixels.Image | None:
        """The drawing of an RGB photograph, uint8 (height, width, 3), at its own size; None without a face."""
        face = self.net.find(photo)
        return None if face is None else self.style.draw(photo, face.points)
