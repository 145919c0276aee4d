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

RADIUS_PX = 2
EPSILON = 3e-4 * 255**2
"""Variance of the photograph, in grey levels squared, below which it counts as flat: noise of 4 levels."""
FLAT, STEEP = 128, 32
"""The level of slope 0 in a mask of slopes, and the levels of slope 1."""


def slopes(crop: Image, cartoon: Image, amount: float = 1.0) -> Mask:
    """Fit the lightness of a cartoon to its photograph, both BGR uint8 (n, n, 3); return slopes, uint8 (n, n).

    `amount`, 0..1, scales the slopes.
    """
    guide, drawn = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) for picture in (crop, cartoon))
    guide_mean, drawn_mean, square, product = map(_mean, (guide, drawn, guide * guide, guide * drawn))
    slope = (product - guide_mean * drawn_mean) / (square - guide_mean * guide_mean + EPSILON)
    return cv2.add(_mean(slope.astype(np.float32)) * np.float32(amount * STEEP), FLAT, dtype=cv2.CV_8U)


def sharpened(colours: Image, shares: Mask, photograph: Image, slope: Mask, scale: float) -> Image:
    """Add the photograph's details to BGR uint8 (height, width, 3) that is weighted by its `shares`.

    `photograph` is the frame's own part of this size, `slope` is enlarged to it by `scale`.
    """
    guide = cv2.cvtColor(photograph, cv2.COLOR_BGR2GRAY)
    side = 2 * round(scale / 2) + 1
    detail = cv2.subtract(guide, cv2.blur(guide, (side, side)), dtype=cv2.CV_16S)
    detail = cv2.multiply(detail, cv2.subtract(slope, FLAT, dtype=cv2.CV_16S))
    detail = cv2.multiply(detail, shares, scale=1 / 255 / STEEP, dtype=cv2.CV_16S)
    return cv2.add(colours, cv2.merge([detail] * 3), dtype=cv2.CV_8U)


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    side = 2 * RADIUS_PX + 1
    return cv2.boxFilter(values, -1, (side, side))
