"""The tracker's network, which is small and suits int8, and its loss."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from facetoon.edge_runtime.faces.tracker import OUTPUTS
from facetoon.training.face_tracker.perturbed_crops import SCALES, SIZE_PX
from facetoon.training.networks.batch_norm import FusedBatchNormalization

# Loss weights of all outputs except the last, which is the logit.
WEIGHTS = np.array([2.0, 2.0, 2.0, 2.0, 2.0, *[0.7] * 10], np.float32)
CORNER = 0.01  # scaled error, 0.5 % of a face's height, below which the absolute error is rounded off
DOUBT = 2.0  # weight of the cross-entropy


def build_tracker() -> keras.Model:
    """Build the network: crops (batch, 64, 64, 3), float32 -1..1, to scaled outputs (batch, 16)."""
    inputs = keras.Input((SIZE_PX, SIZE_PX, 3), name="image")
    x = _conv(_conv(inputs, 16, 3, 2), 48, 3, 2)
    x = x + _separable(x, 48, 1, relu=False)
    for filters in (96, 128):
        x = _separable(x, filters, 2)
        for _ in range(3):
            x = x + _separable(x, filters, 1, relu=False)
    x = layers.Flatten()(_conv(x, 32, 1, 1))
    x = layers.ReLU(6.0)(layers.Dense(96)(x))
    return keras.Model(inputs, layers.Dense(OUTPUTS, name="outputs")(x), name="face_tracker")


def _separable(x: Any, filters: int, stride: int, relu: bool = True) -> Any:
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x)
    return _conv(layers.ReLU(6.0)(FusedBatchNormalization(momentum=0.99)(x)), filters, 1, 1, relu)


def _conv(x: Any, filters: int, kernel: int, stride: int, relu: bool = True) -> Any:
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    x = FusedBatchNormalization(momentum=0.99)(x)
    return layers.ReLU(6.0)(x) if relu else x


def loss(targets: Any, outputs: Any) -> Any:
    """Return the loss (batch,) of targets and outputs (batch, 16): weighted absolute error plus the cross-entropy.

    The absolute error is smooth at zero, and counts only for crops with a face. The cross-entropy is the logit's.
    """
    distance = ops.sqrt(ops.square(targets[:, :-1] - outputs[:, :-1]) + CORNER**2) - CORNER
    logit = outputs[:, -1] * float(SCALES[-1])
    doubt = ops.softplus(logit) - targets[:, -1] * logit
    return targets[:, -1] * ops.sum(distance * WEIGHTS, axis=1) + DOUBT * doubt
