"""Resizes and shifts pictures inside a compiled step, with gradients."""

from __future__ import annotations

from typing import Any

from keras import ops


def resized(images: Any, size_px: int) -> Any:
    """Resize pictures (batch, n, n, 3), float -1..1, to `size_px`: by means for a whole factor, else bicubic."""
    factor = images.shape[1] / size_px
    if factor == 1:
        return images
    if factor.is_integer():
        return ops.average_pool(images, int(factor), int(factor))
    return ops.clip(ops.image.resize(images, (size_px, size_px), "bicubic", antialias=True), -1.0, 1.0)


def middle(images: Any, size_px: int) -> Any:
    """Cut the middle, (batch, size_px, size_px, 3), of pictures (batch, n, n, 3)."""
    first = (images.shape[1] - size_px) // 2
    return images[:, first : first + size_px, first : first + size_px]


def shifted(images: Any, offset: Any, most_px: int) -> Any:
    """Move pictures (batch, n, n, 3) by `most_px` - `offset` pixels (y, x); `offset` is int, 0..2 `most_px`.

    The mirrored border fills the gap.
    """
    if not most_px:
        return images
    around = ops.pad(images, ((0, 0), (most_px, most_px), (most_px, most_px), (0, 0)), mode="symmetric")
    return ops.slice(around, (0, offset[0], offset[1], 0), images.shape)
