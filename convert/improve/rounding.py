"""Rounds a convolution's weights to int8."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from facetoon.convert.improve.fold import output_axis
from facetoon.convert.improve.layer_values import LEAST_SPREAD


@contextmanager
def int8_kernels(convolutions: Sequence[Any]) -> Iterator[None]:
    """Round the convolutions' weights to int8 inside the block, and restore them afterwards."""
    exact = {conv: np.asarray(conv.kernel) for conv in convolutions}
    for conv in convolutions:
        conv.kernel.assign(rounded_kernel(conv))
    try:
        yield
    finally:
        for conv, kernel in exact.items():
            conv.kernel.assign(kernel)


def rounded_kernel(conv: Any) -> Any:
    """Round the kernel as int8 does, -127..127 with a scale for each output channel: a tensor with a gradient."""
    axis = output_axis(conv)
    kernel = keras.ops.convert_to_tensor(conv.kernel)
    largest = keras.ops.max(keras.ops.abs(kernel), [i for i in range(4) if i != axis])
    largest = keras.ops.stop_gradient(keras.ops.maximum(largest, LEAST_SPREAD))
    return keras.quantizers.fake_quant_with_min_max_vars(
        kernel, -largest, largest, num_bits=8, narrow_range=True, axis=axis
    )
