"""Paints what is behind the heads of a frame: blurred, one colour, or another picture."""

from __future__ import annotations

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.background import Picture
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.pixels import Image, Mask


class BackgroundPainter:
    """Paints whole frames. Not thread-safe: it keeps the newest picture at the frame's size."""

    def __init__(self) -> None:
        self._picture: Picture | None = None
        self._fitted = np.zeros((0, 0, 3), np.uint8)

    def paint(self, frame: Image, settings: LiveSettings, heads: Mask) -> None:
        """Blur or fill a whole frame, in place. Colours of the heads, a mask of the frame's size, do not spread."""
        if settings.background == "blur":
            frame[:] = pixels.blur(frame, heads)
        elif settings.background == "colour":
            frame[:] = tuple(bytes.fromhex(settings.background_colour[1:]))[::-1]
        elif settings.picture is not None:
            frame[:] = self._fit(settings.picture, frame)

    def _fit(self, picture: Picture, frame: Image) -> Image:
        """Return the picture at the frame's size; its middle is cut to the frame's proportions."""
        if picture is not self._picture or self._fitted.shape != frame.shape:
            self._picture, self._fitted = picture, pixels.cover(picture.frame, frame.shape[1], frame.shape[0])
        return self._fitted
