"""Lets an enlarged cartoon follow the edges of the sharp frame under it.

As in the fast guided filter (He and Sun 2015, "Fast Guided Filter"), the cartoon's lightness around each pixel of the
small pictures is a linear function of the photograph's. Its slope is enlarged, and brings those details of the frame
into the cartoon that the small photograph lacks. The full filter would also smooth away what is drawn and not
photographed, such as lines and dots. Where the photograph has no edge, as on skin, the slope is 0 and nothing changes.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels.arrays import Image, Mask
from facetoon.edge_runtime.pixels.resampling import resize

FIT_PX = 128
"""Side at which the slopes are fitted; they are smooth."""
RADIUS_PX = 2
EPSILON = 3e-4 * 255**2
"""Variance of the photograph, in grey levels squared, below which it counts as flat: noise of 4 levels."""
STEEP = 64
"""The level of slope 1 in a mask of slopes."""


def slopes(crop: Image, cartoon: Image, amount: float = 1.0) -> Mask:
    """Fit the lightness of a cartoon to its photograph, both BGR uint8 (n, n, 3); return slopes, uint8 (n, n).

    `amount`, 0..1, scales the slopes. Where the cartoon gets darker as the photograph gets lighter, the slope is 0.
    """
    size_px, fit_px = crop.shape[0], min(crop.shape[0], FIT_PX)
    small = (resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), fit_px, fit_px) for picture in (crop, cartoon))
    guide, drawn = (picture.astype(np.float32) for picture in small)
    guide_mean, drawn_mean, square, product = map(_mean, (guide, drawn, guide * guide, guide * drawn))
    slope = cv2.divide(product - guide_mean * drawn_mean, square - guide_mean * guide_mean + EPSILON)
    levels = np.clip(_mean(slope) * np.float32(amount * STEEP), 0, 255).astype(np.uint8)
    return resize(levels, size_px, size_px)


def sharpen(colours: Image, shares: Mask, photograph: Image, slope: Mask, scale: float) -> None:
    """Add the photograph's details, in place, to BGR uint8 (height, width, 3) that is weighted by its `shares`.

    `photograph` is the frame's own part of this size, `slope` is enlarged to it by `scale`.
    """
    guide = cv2.cvtColor(photograph, cv2.COLOR_BGR2GRAY)
    side = 2 * round(scale / 2) + 1
    smooth = cv2.blur(guide, (side, side))
    weight = cv2.multiply(slope, shares, scale=1 / 255)
    for combine, more, less in ((cv2.add, guide, smooth), (cv2.subtract, smooth, guide)):  # bytes have no sign
        detail = cv2.multiply(cv2.subtract(more, less), weight, scale=1 / STEEP)
        combine(colours, cv2.cvtColor(detail, cv2.COLOR_GRAY2BGR), dst=colours)


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    side = 2 * RADIUS_PX + 1
    return cv2.boxFilter(values, -1, (side, side))
