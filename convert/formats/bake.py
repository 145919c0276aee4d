"""One Keras model for one device: batches of one, fixed names, and a style folded in where one is asked for."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def batch_of_one(generator: Any, style: NDArray[np.float32] | None = None, batch: int | None = 1) -> Any:
    """The generator with a fixed batch: a dynamic one leaves SHAPE and PACK operators that no delegate takes.

    With `style`, float32 (styles,), the style input becomes a constant, which converters fold into the weights behind
    it. `batch` None keeps the batch dynamic, for ONNX. The names end up in the file: fixed ones keep it the same
    however many models this process has made.
    """
    made = []
    arguments: list[Any] = []
    for tensor in generator.inputs:
        is_style = len(tensor.shape) == 2
        if is_style and style is not None:
            arguments.append(keras.ops.convert_to_tensor(style[np.newaxis]))
            continue
        made.append(keras.Input(tensor.shape[1:], batch_size=batch, name="style" if is_style else "image"))
        arguments.append(made[-1])
    output = generator(arguments if len(arguments) > 1 else arguments[0], training=False)
    return keras.Model(made if len(made) > 1 else made[0], output, name="generator")
