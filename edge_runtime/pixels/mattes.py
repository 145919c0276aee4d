"""Turns a network's matte into shares of its cartoon, and draws the photograph in behind a narrower drawing."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels.arrays import Image, Layer, Mask
from facetoon.edge_runtime.pixels.blending import layer, over

LEAST, MOST = 64, 224
"""Grey levels of a matte that count as outside and as inside. A network is never quite sure of a far wall."""
BORDER = 0.03
"""Width of the fade at a crop's border, of its side, for a head that leaves the crop."""
REACH = 0.08
"""Distance by which styles draw an outline in, of the crop's side: a fifth of half a jaw."""
REACH_ENDS = 1.5
"""Distance from the outline, in REACH, at which the photograph is itself again."""
JAW = (0.42, 0.62)
"""Shares of the crop's height over which the drawing in begins: hair and hats keep their outline."""
WORK_PX = 128
"""Side at which offsets are computed. They are smooth, and a finer side only costs time."""


def soft_edge(matte: Mask) -> Mask:
    """Return the shares of a cartoon, uint8 (n, n), by its matte: feathered by a pixel, and faded at the border."""
    return cv2.multiply(cv2.LUT(cv2.blur(matte, (3, 3)), _contrast()), _border(matte.shape[0]), scale=1 / 255)


def draw_in(head: Layer, crop: Image, shares: Mask, amount: float, strength: float) -> None:
    """Lay a head's own surroundings behind its layer, in place, drawn in towards the outline of the cartoon at the jaw.

    `crop` is the photograph (n, n, 3), `shares` are the cartoon's at full strength, uint8 (n, n), and `amount`, 0..1,
    is the part of REACH. A pixel at the drawn outline comes from REACH away, beyond the photograph's own outline, and a
    farther pixel from less far: so wall and neck stay sharp and have no seam.
    """
    size_px = shares.shape[0]
    work_px = min(size_px, WORK_PX)
    low = round(JAW[0] * work_px) * size_px // work_px  # nothing moves above
    offset = _inwards(cv2.resize(shares, (work_px, work_px), interpolation=cv2.INTER_AREA), amount)
    offset = offset[low * work_px // size_px :] * np.float32(size_px / work_px)
    offset = cv2.resize(offset, (size_px, size_px - low), interpolation=cv2.INTER_LINEAR)
    across, down = cv2.split(cv2.convertScaleAbs(offset, alpha=255))
    # A pixel from a tenth of a pixel away is the same pixel, and the frame's own one is sharper.
    _, moved = cv2.threshold(cv2.max(across, down), 25, 0, cv2.THRESH_TOZERO)
    cv2.multiply(moved, _border(size_px)[low:], dst=moved, scale=strength / 255)
    cv2.add(offset, _grid(size_px)[low:], dst=offset)
    bent = cv2.remap(crop, offset, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    head[low:] = over(head[low:], layer(bent, moved))


def _inwards(shares: Mask, amount: float) -> NDArray[np.float32]:
    """Compute from where, relative to itself, each pixel comes: float32 (n, n, 2), right and down."""
    size_px = shares.shape[0]
    outside = cv2.dilate((shares < 128).astype(np.uint8), np.ones((3, 3), np.uint8))
    distance = cv2.GaussianBlur(cv2.distanceTransform(outside, cv2.DIST_L2, 3), (0, 0), size_px / 64)
    reach_px = max(REACH * amount * size_px, 0.5)
    size = np.clip(reach_px - distance / REACH_ENDS, 0, None) * _jaw(size_px)
    outwards = (cv2.Sobel(distance, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    return cv2.GaussianBlur(cv2.merge([cv2.multiply(part, size) for part in outwards]), (0, 0), size_px / 85)


@functools.cache
def _contrast() -> Mask:
    levels = np.arange(256, dtype=np.float32)
    return np.rint(255 * np.clip((levels - LEAST) / (MOST - LEAST), 0, 1)).astype(np.uint8)


@functools.cache
def _border(size_px: int) -> Mask:
    places = np.arange(size_px)
    rise = np.clip(np.minimum(places, places[::-1]) / (BORDER * size_px), 0, 1)
    return np.rint(255 * np.minimum.outer(rise, rise)).astype(np.uint8)


@functools.cache
def _jaw(size_px: int) -> NDArray[np.float32]:
    rise = np.clip((np.arange(size_px) / size_px - JAW[0]) / (JAW[1] - JAW[0]), 0, 1)
    return np.repeat(rise[:, None], size_px, axis=1).astype(np.float32)


@functools.cache
def _grid(size_px: int) -> NDArray[np.float32]:
    rows, columns = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    return np.dstack([columns, rows])
