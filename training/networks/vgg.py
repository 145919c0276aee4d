"""VGG19 (Simonyan and Zisserman 2014) up to relu5_4, as a frozen encoder that measures content and style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import keras
import numpy as np
from keras import ops

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.vgg_weights import BLOCK_SIZES, LAYERS, Array, VggWeights, block_and_place

STYLE_LAYERS = tuple(f"relu{block}_1" for block in range(1, 6))
"""The style layers of Gatys et al. 2016."""


def receptive_field_px(layer: str) -> int:
    """Return the side of the square of input pixels that one value of `layer` depends on."""
    block, place = block_and_place(layer)
    side = 1
    for number, size in enumerate(BLOCK_SIZES[:block], 1):
        stride = 2 ** (number - 1)
        side += 2 * stride * (place if number == block else size)
        side += stride if number < block else 0
    return side


def least_side_px(layers: Iterable[str]) -> int:
    """Return the smallest input side for these layers: the deepest map must be 2 wide so that it can be mirrored."""
    return 2 * 2 ** (max(block_and_place(layer)[0] for layer in layers) - 1)


def default_style_layers(weights: VggWeights, side_px: int) -> tuple[str, ...]:
    """Return STYLE_LAYERS without layers that the weights lack or that see more than `side_px`."""
    return tuple(
        layer for layer in STYLE_LAYERS if layer in weights.convolutions and receptive_field_px(layer) <= side_px
    )


def check_layers(layers: Sequence[str], weights: VggWeights) -> None:
    """Raise InputError unless `weights` contain every layer."""
    for layer in layers:
        if layer not in weights.convolutions:
            names = ", ".join(weights.convolutions)
            raise InputError(f"There is no layer {layer} in these VGG weights; choose from {names}.")


def build_encoder(weights: VggWeights, layers: Sequence[str]) -> keras.Model:
    """Build a frozen model: RGB (batch, h, w, 3), float -1..1, to {layer: (batch, h / 2^k, w / 2^k, channels)}."""
    check_layers(layers, weights)
    inputs = keras.Input((None, None, 3))
    matrix, bias = weights.input_map
    x = _frozen_conv(0.5 * matrix[np.newaxis, np.newaxis], bias + 0.5 * matrix.sum(0), "input")(inputs)
    outputs = {}
    deepest = max(layers, key=LAYERS.index)
    for layer, (kernel, bias) in weights.convolutions.items():
        block, place = block_and_place(layer)
        if block > 1 and place == 1:
            x = keras.layers.MaxPooling2D(2)(x)
        x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect" if weights.reflect else "constant")
        x = _frozen_conv(kernel, bias, layer, activation="relu")(x)
        if layer in layers:
            outputs[layer] = x
        if layer == deepest:
            break
    model = keras.Model(inputs, outputs, name="vgg19")
    model.trainable = False
    return model


def _frozen_conv(kernel: Array, bias: Array, name: str, activation: str | None = None) -> keras.layers.Layer:
    return keras.layers.Conv2D(
        kernel.shape[-1],
        kernel.shape[0],
        activation=activation,
        kernel_initializer=lambda shape, dtype=None: ops.convert_to_tensor(kernel, dtype),
        bias_initializer=lambda shape, dtype=None: ops.convert_to_tensor(bias, dtype),
        name=name,
    )
