"""Prepares a Keras model for a device: batches of one, fixed names, and a baked style where one is chosen."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def batch_of_one(generator: Any, style: NDArray[np.float32] | None = None, batch: int | None = 1) -> Any:
    """Return the generator with a fixed batch. A dynamic batch leaves SHAPE and PACK, which no delegate takes.

    With `style`, float32 (styles,), the style input becomes a constant, which converters fold into the weights behind
    it. `batch` None keeps the batch dynamic, for ONNX. The file contains the names; fixed names keep the file the same,
    however many models this process has built.
    """
    inputs = []
    arguments: list[Any] = []
    for tensor in generator.inputs:
        is_style = len(tensor.shape) == 2
        if is_style and style is not None:
            arguments.append(keras.ops.convert_to_tensor(style[np.newaxis]))
            continue
        inputs.append(keras.Input(tensor.shape[1:], batch_size=batch, name="style" if is_style else "image"))
        arguments.append(inputs[-1])
    output = generator(arguments if len(arguments) > 1 else arguments[0], training=False)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], output, name="generator")
