"""The cartoons of a frame's heads, and what is laid over the frame of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.pixels import Image, Layer, Mask

LARGER = 1.15
"""Frame pixels per pixel of the model's pictures above which the frame has details that the cartoon lacks."""


@dataclass(frozen=True)
class DrawnHead:
    """A face's crop, its cartoon, and the shares of it, in the crop's pixels."""

    matrix: NDArray[np.float32]
    """From the crop to the frame, see Framing."""
    crop: Image
    """The photograph, BGR (n, n, 3)."""
    cartoon: Image
    """BGR (n, n, 3)."""
    shares: Mask
    """Where the cartoon shows, (n, n): the head by its matte, or a rounded square for a model without."""
    has_matte: bool
    """Whether `shares` come from a matte. They are the matte itself until the head is steadied."""
    moves: float
    """Share, 0..1, of the styles that move features."""

    def layer(self, strength: float, keeps_background: bool) -> Layer:
        """Return the layer for `pixels.paste`.

        The strength is part of the shares, so that the frame itself shows through and not its coarser crop. Where the
        drawn outline may lie within the photograph's, the photograph's surroundings are drawn in behind it.
        """
        shares = self.shares if strength == 1 else (self.shares * strength).astype(np.uint8)
        layer = pixels.layer(self.cartoon, shares)
        if self.has_matte and self.moves and keeps_background:
            pixels.draw_in(layer, self.crop, self.shares, self.moves, strength)
        return layer

    def matched(self, amount: float) -> DrawnHead:
        """Return the head with its cartoon in the colours of the photograph, by `amount` 0..1."""
        if amount == 0:
            return self
        return replace(self, cartoon=pixels.match_colours(self.cartoon, self.crop, self.shares, amount))

    def slopes(self, amount: float) -> Mask | None:
        """Return the slopes for `pixels.paste`; None where the frame has no finer details or features move."""
        if amount == 0 or self.moves or pixels.crop_scale(self.matrix) < LARGER:
            return None
        return pixels.slopes(self.crop, self.cartoon, amount)


@dataclass(frozen=True)
class DrawnFrame:
    """A frame that is drawn and not finished: see Cartoonizer.draw."""

    frame: Image
    """The photograph, BGR (height, width, 3), upright."""
    settings: LiveSettings
    """Their strength is that of the styles' mix."""
    faces: tuple[Face, ...]
    """Largest first."""
    heads: tuple[DrawnHead, ...]
    """Of the first faces: the others stay photographs."""
    whole: Image | None
    """The cartoon of the whole frame, where the settings show it."""
    framing: Framing
    """The model's."""
    square: Mask
    """The rounded square, (n, n), as which a head without a matte is laid over the frame."""
    begins_scene: bool
    """Whether earlier cartoons say nothing about this frame."""
