"""Lets the channels between two convolutions use the int8 range evenly."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from facetoon.convert.improve.fold import CONVOLUTIONS, Folded, Values, input_axis, scale_input, scale_output
from facetoon.convert.improve.layer_values import LEAST_SPREAD, watch

MOST_GAIN = 100.0


def equalize(folded: Folded, inputs: list[Values]) -> None:
    """Cross-layer equalization (Nagel et al. 2019), with the range of values in place of the first weights' range.

    The weights of the first convolution have a scale for every channel, but its values share one scale. Between the
    two convolutions there may only be nothing or a ReLU without a ceiling, since these pass a factor through.
    """
    highest: dict[Any, Values] = {}

    def note(op: Any, values: Values) -> Values:
        if op in folded.convolutions:
            highest[op] = np.abs(values).max((0, 1, 2))
        return values

    watch(folded.model, inputs, note)
    for first, range_of_values in highest.items():
        second = _next_convolution(folded, first)
        if second is None:
            continue
        kernel = np.abs(np.asarray(second.kernel))
        range_of_weights = kernel.max(tuple(i for i in range(4) if i != input_axis(second)))
        is_alive = (range_of_values > LEAST_SPREAD) & (range_of_weights > LEAST_SPREAD)
        ratio = range_of_weights / np.maximum(range_of_values, LEAST_SPREAD)
        gain = np.where(is_alive, np.clip(np.sqrt(ratio), 1 / MOST_GAIN, MOST_GAIN), 1).astype(np.float32)
        scale_output(first, gain, np.zeros_like(gain))
        scale_input(second, gain)


def _next_convolution(folded: Folded, first: Any) -> Any:
    """Return the only consumer of `first` if it is a convolution without groups, else None."""
    op = first
    while len(folded.after[op]) == 1:
        op = folded.after[op][0]
        if isinstance(op, CONVOLUTIONS):
            return op if getattr(op, "groups", 1) == 1 else None
        if not (isinstance(op, layers.Identity) or (isinstance(op, layers.ReLU) and op.max_value is None)):
            return None
    return None
