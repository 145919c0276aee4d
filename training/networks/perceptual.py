"""Losses of style transfer (Gatys et al. 2016): content as an encoder's features, style as their Gram matrices.

Both are relative: squared error divided by the target's square. 0 is perfect, and 1 is the error of all-zero features.
So a weight means the same for every encoder and layer. The weights of Gatys et al. fit the scale of one network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras import ops

from facetoon.edge_runtime.pixels import Image, to_unit

Features = Mapping[str, Any]
"""An encoder's output: (batch, h, w, c) by layer name."""


@dataclass(frozen=True)
class LossWeights:
    """The weight of each loss term."""

    content: float
    style: float
    tv: float


def gram(features: Any) -> Any:
    """Mean products of channels over all places of the picture: (batch, h, w, c) to (batch, c, c)."""
    flat = ops.reshape(features, (ops.shape(features)[0], -1, features.shape[-1]))
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / ops.cast(ops.shape(flat)[1], "float32")


def grams(features: Features, layers: Sequence[str]) -> dict[str, Any]:
    """Gram matrices (batch, c, c) by layer."""
    return {layer: gram(features[layer]) for layer in layers}


def style_grams(
    encoder: Any, styles: Sequence[Image], shares: Sequence[float], layers: Sequence[str]
) -> dict[str, Any]:
    """Merge several styles: the mean of their Gram matrices (1, c, c), weighted by `shares`, which sum to 1.

    `styles` are RGB uint8 (h, w, 3) of any sizes.
    """
    each = [grams(encoder(to_unit(style)[None]), layers) for style in styles]
    return {
        layer: sum(share * one[layer] for share, one in zip(shares, each, strict=True))  # type: ignore[misc]
        for layer in layers
    }


def blend(photo: Mapping[str, Any], style: Mapping[str, Any], strength: float) -> dict[str, Any]:
    """Interpolate Gram matrices between the photograph's own (`strength` 0: no change) and the style's (1)."""
    return {layer: (1.0 - strength) * photo[layer] + strength * style[layer] for layer in style}


def relative_error(value: Any, target: Any) -> Any:
    """Squared error of each picture divided by its target's square: (batch, ...) to (batch,)."""
    axes = tuple(range(1, len(target.shape)))
    return ops.sum(ops.square(value - target), axes) / (ops.sum(ops.square(target), axes) + 1e-8)


def style_error(features: Features, target: Mapping[str, Any]) -> Any:
    """Relative error of the Gram matrices, averaged over the target's layers: (batch,)."""
    errors = [relative_error(gram(features[layer]), matrix) for layer, matrix in target.items()]
    return sum(errors[1:], errors[0]) / len(errors)


def total_variation(pictures: Any) -> Any:
    """Mean squared difference of neighbouring pixels: (batch, h, w, 3) to (batch,)."""
    down, right = pictures[:, 1:] - pictures[:, :-1], pictures[:, :, 1:] - pictures[:, :, :-1]
    return ops.mean(ops.square(down), (1, 2, 3)) + ops.mean(ops.square(right), (1, 2, 3))


def loss(
    pictures: Any, features: Features, content: Features, style: Mapping[str, Any], weights: LossWeights
) -> tuple[Any, dict[str, Any]]:
    """Return (scalar, its parts by name) for pictures (batch, h, w, 3), float -1..1, and the encoder's `features`.

    `content` holds the photographs' features by content layer, `style` the target Gram matrices. The scalar is a sum
    over the batch, so no picture's gradient depends on the other pictures. The parts are means, for people to read.
    """
    content_errors = [relative_error(features[layer], target) for layer, target in content.items()]
    terms = {
        "content": sum(content_errors[1:], content_errors[0]) / len(content_errors),
        "style": style_error(features, style),
        "tv": total_variation(pictures),
    }
    total = weights.content * terms["content"] + weights.style * terms["style"] + weights.tv * terms["tv"]
    return ops.sum(total), {"loss": ops.mean(total), **{name: ops.mean(term) for name, term in terms.items()}}
