"""Moves and scales pictures a little, differentiably, so that the critic does not learn places by heart."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def move(images: Any, seed: keras.random.SeedGenerator, shift: float = 0.08, scale: float = 0.1) -> Any:
    """Moves each picture (batch, side, side, 3) by up to `shift` of its side, and scales it by 1 - scale to 1 + scale.

    It samples bilinearly and repeats the border; colours stay. Two products with a matrix for each picture do it, which
    is fast on every device.
    """
    batch, side = ops.shape(images)[0], images.shape[1]
    zoom = keras.random.uniform((batch, 1), 1 - scale, 1 + scale, seed=seed)
    for axes in ("bij,bjwc->biwc", "bij,bhjc->bhic"):
        moved = keras.random.uniform((batch, 1), -shift, shift, seed=seed)
        matrix = _sampling(zoom, moved, side)
        images = ops.einsum(axes, ops.cast(matrix, images.dtype), images)
    return images


def _sampling(zoom: Any, moved: Any, side: int) -> Any:
    """Bilinear weights (batch, side, side): row i says from where pixel i of the moved picture is taken."""
    places = ops.arange(side, dtype="float32")[None] - (side - 1) / 2
    wanted = places * zoom + moved * side + (side - 1) / 2
    wanted = ops.clip(wanted, 0.0, side - 1.0)
    distance = ops.abs(wanted[:, :, None] - ops.arange(side, dtype="float32")[None, None])
    return ops.relu(1.0 - distance)
