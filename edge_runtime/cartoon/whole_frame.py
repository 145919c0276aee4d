"""Draws a whole frame with a generator of small squares, in overlapping, feathered tiles.

The frame is drawn at the generator's own scale, so that the cost does not grow with the camera's size. Its short side
is two tiles, which overlap by a quarter of a tile. A long strip is squeezed, so that its memory has a limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.pixels import Image

TILES_ON_SHORT_SIDE = 2
OVERLAP = 0.25  # of a tile's side
LONGEST = 8  # sides of the drawn frame; 2000x2 pixels would need 2 GB at their own shape


def cartoonize(frame: Image, run: Callable[[Image], Image], size_px: int) -> Image:
    """Draw a new frame, BGR uint8 of the same size. `run` maps one RGB uint8 (size_px, size_px, 3) tile to another."""
    height, width = frame.shape[:2]
    short_px = size_px * (TILES_ON_SHORT_SIDE - (TILES_ON_SHORT_SIDE - 1) * OVERLAP)
    scale = short_px / min(height, width)
    sides = (min(round(side * scale), round(LONGEST * short_px)) for side in (width, height))
    image = pixels.swap_red_blue(pixels.resize(frame, *sides))
    total = np.zeros(image.shape, np.float32)
    weight = np.zeros((*image.shape[:2], 1), np.float32)
    ramp = _ramp(size_px)
    for top in starts(image.shape[0], size_px):
        for left in starts(image.shape[1], size_px):
            tile = np.s_[top : top + size_px, left : left + size_px]
            total[tile] += run(image[tile]) * ramp
            weight[tile] += ramp
    cartoon = np.rint(total / weight).astype(np.uint8)
    return pixels.resize(pixels.swap_red_blue(cartoon), width, height)


def starts(length_px: int, tile_px: int) -> list[int]:
    """Return the tiles' offsets in px, evenly from border to border. The overlap is a quarter or more, within a px."""
    count = math.ceil((length_px - tile_px * OVERLAP) / (tile_px * (1 - OVERLAP)) - 0.01)
    return [round(place) for place in np.linspace(0, length_px - tile_px, max(count, 1))]


def _ramp(size_px: int) -> NDArray[np.float32]:
    """Weights, float32 (size_px, size_px, 1): 1 in the middle, falling over the overlap, above 0 everywhere."""
    axis = np.minimum(np.arange(size_px) + 1, size_px - np.arange(size_px)) / (size_px * OVERLAP)
    axis = np.clip(axis, 0, 1)
    return np.outer(axis, axis).astype(np.float32)[:, :, np.newaxis]
