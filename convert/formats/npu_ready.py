"""Makes the operators that neural processors lack from ones that they have."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from facetoon.training.networks.student import DepthToSpace, SpaceToDepth


def with_convolutions(network: Any) -> Any:
    """Return a network of the same function whose space-to-depth and depth-to-space are convolutions.

    Each of their weights is 0 or 1, so float values stay exactly equal. The networks share all other layers.
    """

    def call(op: Any, *arguments: Any, **options: Any) -> Any:
        if not isinstance(op, (SpaceToDepth, DepthToSpace)):
            return op(*arguments, **options)
        (x,) = arguments
        is_down = isinstance(op, SpaceToDepth)
        deep = 4 * x.shape[-1] if is_down else x.shape[-1]
        kind, filters = (layers.Conv2D, deep) if is_down else (layers.Conv2DTranspose, deep // 4)
        convolution = kind(filters, 2, strides=2, use_bias=False, name=f"{op.name}_convolution")
        moved = convolution(x)
        convolution.kernel.assign(np.eye(deep, dtype=np.float32).reshape(2, 2, deep // 4, deep))
        return moved

    return keras.models.clone_model(network, clone_function=lambda op: op, call_function=call)
