"""Losses that keep the colour of a person's skin and hair, whatever colours the cartoons have.

Colours are compared in CIE Lab (1976, D65), where an eye just sees a difference of 2. Every cell of a segment is
compared with the segment's mean in the photograph, because cartoons are flat. Only the nearest cells count: the others
may become a fringe, a shadow or a larger eye. When all cells counted, fringes became combs of thin lines over bare
foreheads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from facetoon.training.recipes.parts import HoldRecipe

TO_XYZ = np.array(  # of linear sRGB (IEC 61966-2-1), over D65's white
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32
) / np.array([[0.9505], [1.0], [1.089]], np.float32)


def to_lab(colours: Any) -> Any:
    """From sRGB (..., 3), float -1..1, to L in 0..100 and a, b in about -128..127. Differentiable everywhere."""
    srgb = ops.clip((colours + 1.0) / 2.0, 0.0, 1.0)
    linear = ops.where(srgb <= 0.04045, srgb / 12.92, ((ops.maximum(srgb, 0.04045) + 0.055) / 1.055) ** 2.4)
    ratio = ops.matmul(linear, TO_XYZ.T)
    small = 216 / 24389
    root = ops.where(ratio > small, ops.maximum(ratio, small) ** (1 / 3), ratio * (24389 / 27 / 116) + 16 / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return ops.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def held(fake: Any, photo: Any, masks: Any, hold: HoldRecipe) -> dict[str, Any]:
    """Unweighted parts of the loss: `skin` and `hair` (chroma), `light` (of both), `rest` (coarse RGB elsewhere).

    `fake` and `photo` are (batch, side, side, 3), float -1..1. `masks` has the same shape, float 0..1: skin, hair and
    features. Chroma and lightness count in hundreds of Lab. Within `light_slack` lightness costs nothing.
    """
    cell = max(photo.shape[1] // hold.cells, 1)
    parts: dict[str, Any] = {"light": 0.0}
    for name, index in (("skin", 0), ("hair", 1)):
        mask = masks[..., index : index + 1]
        share = ops.average_pool(mask, cell, cell)
        ours, theirs = (to_lab(_mean_colour(x, mask, share, cell)) for x in (fake, photo))
        difference = ours - ops.stop_gradient(_segment_mean(theirs, share))
        chroma, light = _length(difference[..., 1:]), ops.abs(difference[..., 0])
        share = share[..., 0] * ops.stop_gradient(_nearest(chroma + light, share[..., 0], hold.kept_share))
        weight = share / (ops.sum(share) + 1e-3 * ops.cast(ops.size(share), share.dtype))
        parts[name] = ops.sum(weight * chroma) / 100
        parts["light"] = parts["light"] + ops.sum(weight * ops.relu(light - hold.light_slack)) / 100
    free = 1.0 - ops.minimum(ops.sum(masks, -1, keepdims=True), 1.0)
    share = ops.average_pool(free, cell, cell)
    parts["rest"] = ops.mean(ops.abs(ops.average_pool((fake - photo) * free, cell, cell))) / (ops.mean(share) + 0.05)
    return parts


def _mean_colour(x: Any, mask: Any, share: Any, cell: int) -> Any:
    """The mean of each cell over the mask; grey where the mask is empty."""
    return ops.average_pool(x * mask, cell, cell) / (share + 1e-3)


def _segment_mean(lab: Any, share: Any) -> Any:
    return ops.sum(lab * share, (1, 2), keepdims=True) / (ops.sum(share, (1, 2), keepdims=True) + 1e-3)


def _nearest(distance: Any, share: Any, kept_share: float) -> Any:
    """Return 1 for the cells of each picture that are nearest to the wanted colour, else 0; (batch, cells, cells).

    `kept_share` is the part of the cells with a `share` of the segment above a half that get 1.
    """
    inside = ops.reshape(share > 0.5, (share.shape[0], -1))
    far = ops.reshape(ops.where(share > 0.5, distance, 1e9), inside.shape)
    count = ops.cast(kept_share * ops.sum(ops.cast(inside, "float32"), 1, keepdims=True), "int32")
    limit = ops.take_along_axis(ops.sort(far, 1), count, 1)
    return ops.cast(distance <= limit[:, :, None], "float32")


def _length(chroma: Any) -> Any:
    """Euclidean length, smooth at zero."""
    return ops.sqrt(ops.sum(ops.square(chroma), -1) + 1.0) - 1.0
