"""Losses that keep the colour of a person's skin and hair, whatever colours the cartoons have.

Colours are compared between means of cells in CIE Lab (1976, D65), where an eye just sees a difference of 2. The target
of a cell lies half-way between its own colour in the photograph and its segment's mean, because cartoons are flat.
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
        wanted = ops.stop_gradient((theirs + _segment_mean(theirs, share)) / 2)
        weight = share / (ops.sum(share) + 1e-3 * ops.cast(ops.size(share), share.dtype))
        parts[name] = ops.sum(weight[..., 0] * _length(ours[..., 1:] - wanted[..., 1:])) / 100
        too_far = ops.relu(ops.abs(ours[..., 0] - wanted[..., 0]) - hold.light_slack)
        parts["light"] = parts["light"] + ops.sum(weight[..., 0] * too_far) / 100
    free = 1.0 - ops.minimum(ops.sum(masks, -1, keepdims=True), 1.0)
    share = ops.average_pool(free, cell, cell)
    parts["rest"] = ops.mean(ops.abs(ops.average_pool((fake - photo) * free, cell, cell))) / (ops.mean(share) + 0.05)
    return parts


def _mean_colour(x: Any, mask: Any, share: Any, cell: int) -> Any:
    """The mean of each cell over the mask; grey where the mask is empty."""
    return ops.average_pool(x * mask, cell, cell) / (share + 1e-3)


def _segment_mean(lab: Any, share: Any) -> Any:
    return ops.sum(lab * share, (1, 2), keepdims=True) / (ops.sum(share, (1, 2), keepdims=True) + 1e-3)


def _length(chroma: Any) -> Any:
    """Euclidean length, smooth at zero."""
    return ops.sqrt(ops.sum(ops.square(chroma), -1) + 1.0) - 1.0
