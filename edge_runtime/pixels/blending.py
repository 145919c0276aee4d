"""Lays one picture over another: a cartoon over its face, a head over a changed background."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels.arrays import Image, Layer, Mask
from facetoon.edge_runtime.pixels.resampling import crop_scale, finer, resize
from facetoon.edge_runtime.pixels.sharpening import sharpen


def feather(size_px: int) -> Mask:
    """Return the weights of a rounded square, uint8 (size_px, size_px): 255 inside, falling smoothly to 0."""
    axis = np.abs(np.linspace(-1, 1, size_px, dtype=np.float32))
    radius = (axis[:, None] ** 4 + axis[None, :] ** 4) ** 0.25
    fall = np.clip((0.96 - radius) / 0.24, 0, 1)
    return np.rint(255 * fall * fall * (3 - 2 * fall)).astype(np.uint8)


def layer(crop: Image, shares: Mask) -> Layer:
    """Weight a BGR picture (n, n, 3) by its `shares`, uint8 (n, n): 0 none, 255 all."""
    weighted = cv2.cvtColor(shares, cv2.COLOR_GRAY2BGR)
    cv2.multiply(crop, weighted, dst=weighted, scale=1 / 255)
    above = cv2.cvtColor(weighted, cv2.COLOR_BGR2BGRA)
    cv2.insertChannel(255 - shares, above, 3)
    return above


def over(above: Layer, below: Layer) -> Layer:
    """Lay one layer over another of its size."""
    under = cv2.merge([cv2.extractChannel(above, 3)] * 4)
    cv2.multiply(below, under, dst=under, scale=1 / 255)
    together = cv2.add(above, under)
    cv2.insertChannel(cv2.extractChannel(under, 3), together, 3)
    return together


def paste(
    frame: Image, above: Layer, matrix: NDArray[np.float32], slope: Mask | None = None, photograph: Image | None = None
) -> None:
    """Lay a square layer over `frame`, in place, where `warp` with the same `matrix` cut it.

    Where the layer has no share, and outside the crop, the frame stays as it is to the last bit. With `slope`, see
    `slopes`, the layer follows the edges of `photograph`, the frame before any change.
    """
    place = _place(above, matrix, frame)
    if place is None:
        return
    # Enlarging by a whole factor with cubic samples and turning with bilinear ones takes a third of the time of a cubic
    # turn and is as sharp. Four channels turn as fast as three, so colours and shares go together.
    factor = min(max(math.ceil(crop_scale(matrix)), 1), 4)
    large = cv2.resize(above[place.part], None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    moved = cv2.warpAffine(large, finer(place.matrix, factor), place.area_px, borderValue=(0, 0, 0, 255))
    del large
    colours, kept = cv2.cvtColor(moved, cv2.COLOR_BGRA2BGR), cv2.extractChannel(moved, 3)
    if slope is not None and photograph is not None:
        wide = cv2.warpAffine(slope[place.part], place.matrix, place.area_px)
        sharpen(colours, 255 - kept, photograph[place.region], wide, crop_scale(matrix))
    # Results go into arrays that are there already: a new one of this size costs as much as the arithmetic.
    below = cv2.cvtColor(kept, cv2.COLOR_GRAY2BGR)
    cv2.multiply(frame[place.region], below, dst=below, scale=1 / 255)
    cv2.add(colours, below, dst=frame[place.region])


class _Place(NamedTuple):
    """The part of a crop that shows, and its place in a frame."""

    part: tuple[slice, slice]
    region: tuple[slice, slice]
    area_px: tuple[int, int]
    """Width and height of the region."""
    matrix: NDArray[np.float32]
    """From pixels of the part to pixels of the region."""


def _place(above: Layer, matrix: NDArray[np.float32], frame: Image) -> _Place | None:
    """Find the part of a layer that has any share, with a pixel around it; None when none of it is in the frame."""
    left, top, width, height = cv2.boundingRect(255 - cv2.extractChannel(above, 3))
    x, y = (max(left - 1, 0), left + width + 1), (max(top - 1, 0), top + height + 1)
    corners = np.array([[a, b, 1] for a in x for b in y], np.float32) @ matrix.T
    left, top = np.maximum(np.floor(corners.min(0)).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, (frame.shape[1], frame.shape[0])).tolist()
    if right <= left or bottom <= top:
        return None
    local = matrix.copy()
    local[:, 2] += matrix[:, :2] @ np.array([x[0], y[0]], np.float32) - np.array([left, top], np.float32)
    region = np.s_[top:bottom, left:right]
    return _Place(np.s_[y[0] : y[1], x[0] : x[1]], region, (right - left, bottom - top), local)


def match_colours(cartoon: Image, photograph: Image, weights: Mask, strength: float) -> Image:
    """Give `cartoon` the mean and contrast of `photograph` in each channel (Reinhard et al. 2001).

    Both are uint8 of one size. Only pixels whose `weights` are above 127 count. `strength` is 0..1. Contrast is at most
    halved or doubled, so that a flat face does not turn a drawing grey.
    """
    inside = (weights > 127).astype(np.uint8)
    (mean, spread), (goal_mean, goal_spread) = (cv2.meanStdDev(image, mask=inside) for image in (cartoon, photograph))
    levels = np.arange(256, dtype=np.float64)
    matched = (levels - mean) * np.clip(goal_spread / np.maximum(spread, 1), 0.5, 2) + goal_mean
    table = np.clip(np.rint((1 - strength) * levels + strength * matched), 0, 255).astype(np.uint8)
    return cv2.LUT(cartoon, table.T[np.newaxis])


def mix(below: Image, above: Image, share: float) -> Image:
    """Blend two uint8 pictures of one size: (1 - share) of `below` and `share` (0..1) of `above`."""
    return cv2.addWeighted(below, 1 - share, above, share, 0)


def blur(frame: Image, without: Mask) -> Image:
    """Blur a frame by about a fortieth of its height, at a quarter of the size, which takes a tenth of the time.

    Pixels of `without`, uint8 (height, width), do not count, 255 not at all: their colours do not spread.
    """
    height, width = frame.shape[:2]
    small_px, sigma_px = (max(width // 4, 1), max(height // 4, 1)), max(height / 160, 0.5)
    share = resize(255 - without, *small_px).astype(np.float32) + 1  # under a head, far from its outline, all count
    weighted = resize(frame, *small_px) * share[:, :, np.newaxis]
    total = cv2.GaussianBlur(share, (0, 0), sigma_px)[:, :, np.newaxis]
    return resize(np.rint(cv2.GaussianBlur(weighted, (0, 0), sigma_px) / total).astype(np.uint8), width, height)


def spread(shares: Mask, matrix: NDArray[np.float32], frame: Image) -> Mask:
    """Move a crop's shares, uint8 (n, n), to where the crop lies in `frame`: uint8 (height, width)."""
    return cv2.warpAffine(shares, matrix, (frame.shape[1], frame.shape[0]))


def uncover(below: Image, above: Image, shares: Mask) -> None:
    """Blend `above` into `below` (frames of one size), in place, by its `shares`, uint8 (height, width)."""
    mask = cv2.cvtColor(shares, cv2.COLOR_GRAY2BGR)
    kept = cv2.multiply(below, 255 - mask, scale=1 / 255)
    below[:] = cv2.add(kept, cv2.multiply(above, mask, scale=1 / 255))


def split_view(before: Image, after: Image, share: float) -> None:
    """Write the left `share` (0..1) of `before` over `after`, in place, and a light line between the two."""
    column = round(share * after.shape[1])
    after[:, :column] = before[:, :column]
    after[:, max(column - 1, 0) : column + 1] = 235
