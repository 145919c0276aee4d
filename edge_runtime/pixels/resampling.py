"""Resizes, crops, turns and bends pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels.arrays import Image


def resize(image: Image, width_px: int, height_px: int) -> Image:
    """Resample to width_px x height_px. Shrinking averages areas, so that nothing aliases; enlarging is bilinear."""
    height, width = image.shape[:2]
    if (width, height) == (width_px, height_px):
        return image
    shrinks = width_px * height_px < width * height
    return cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def scale_to(image: Image, longest_px: int) -> Image:
    """Resample the whole picture in its proportions, so that its longer side is `longest_px`."""
    height, width = image.shape[:2]
    scale = longest_px / max(height, width)
    return resize(image, max(round(width * scale), 1), max(round(height * scale), 1))


def square(image: Image, size_px: int) -> Image:
    """Cut the largest centred square of `image`, and resample it to size_px x size_px."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(image[top : top + side, left : left + side], size_px, size_px)


def fit(frame: Image, width_px: int, height_px: int) -> Image:
    """Fit the whole picture in its proportions into the centre of width_px x height_px; the rest is black."""
    scale = min(width_px / frame.shape[1], height_px / frame.shape[0])
    inner = resize(frame, max(round(frame.shape[1] * scale), 1), max(round(frame.shape[0] * scale), 1))
    top, left = (height_px - inner.shape[0]) // 2, (width_px - inner.shape[1]) // 2
    out = np.zeros((height_px, width_px, 3), np.uint8)
    out[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return out


def cover(frame: Image, width_px: int, height_px: int) -> Image:
    """Scale the picture until it covers width_px x height_px, and cut the middle out."""
    scale = max(width_px / frame.shape[1], height_px / frame.shape[0])
    width, height = round(frame.shape[1] * scale), round(frame.shape[0] * scale)
    top, left = (height - height_px) // 2, (width - width_px) // 2
    return resize(frame, width, height)[top : top + height_px, left : left + width_px].copy()


def to_grey(frame: Image, longest_px: int) -> tuple[NDArray[np.uint8], float]:
    """Turn a BGR frame into grey uint8 (height, width) with no side longer than `longest_px`.

    Also returns the scale, 0..1: grey pixels a frame pixel.
    """
    height, width = frame.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    small = resize(frame, max(round(width * scale), 1), max(round(height * scale), 1))
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), scale


def view(picture: Image, matrix: NDArray[np.float64], width_px: int, height_px: int) -> Image:
    """Move a picture by `matrix` (2x3, picture pixels to window pixels) into a window of width_px x height_px.

    Pixels outside the picture mirror its border.
    """
    return cv2.warpAffine(
        picture, matrix, (width_px, height_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def warp(image: Image, matrix: NDArray[np.float32], size_px: int) -> Image:
    """Cut a rotated, scaled square out of `image`.

    `matrix` (2x3) maps crop pixels (0..size_px) to image pixels. A crop that shrinks the picture more than twice is cut
    at a whole multiple of its size and then area-averaged: bilinear sampling alone would alias.
    Pixels outside the picture repeat its border.
    """
    factor = min(max(int(crop_scale(matrix)), 1), 4)
    side = size_px * factor
    crop = cv2.warpAffine(
        image,
        finer(matrix, factor),
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return resize(crop, size_px, size_px)


def crop_scale(matrix: NDArray[np.float32]) -> float:
    """Return the side of a crop pixel in image pixels."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))


def finer(matrix: NDArray[np.float32], factor: int) -> NDArray[np.float64]:
    """Return the matrix of the same crop with pixels `factor` times smaller."""
    fine = matrix.astype(np.float64)
    fine[:, :2] /= factor
    # Integer coordinates are pixel centres, so the half pixel moves with the scale.
    fine[:, 2] += (fine[:, :2] - matrix[:, :2]) @ (0.5, 0.5)
    return fine


def bend(image: Image, offset_px: NDArray[np.float32]) -> Image:
    """Take each pixel of `image` from `offset_px` (height, width, 2: right, down) away; the border is mirrored."""
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    places = columns + offset_px[..., 0], rows + offset_px[..., 1]
    return cv2.remap(image, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
