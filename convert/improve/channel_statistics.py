"""Gives the channels of rounded weights their mean in float, or their mean and spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from facetoon.convert.improve.fold import CONVOLUTIONS, Folded, Values, scale_output
from facetoon.convert.improve.layer_values import LEAST_SPREAD, watch
from facetoon.convert.improve.rounding import int8_kernels


def match_statistics(folded: Folded, inputs: list[Values], convolutions: Sequence[Any], variance: bool) -> None:
    """Give every channel of `convolutions`, with int8 weights, its mean with float weights.

    This is bias correction (Nagel et al. 2019), from pictures rather than from the normalization's parameters. With
    `variance` it also re-estimates the folded batch normalization (Sun et al. 2019). It works front to back, so every
    layer sees the corrected layers before it.
    """
    exact: dict[Any, tuple[Values, Values]] = {}
    changes: dict[Any, tuple[Values, Values]] = {}

    def note(op: Any, values: Values) -> Values:
        if op in convolutions:
            exact[op] = _moments(values)
        return values

    def correct(op: Any, values: Values) -> Values:
        if op not in exact:
            return values
        (mean, spread), (exact_mean, exact_spread) = _moments(values), exact[op]
        has_spread = variance & (spread > LEAST_SPREAD) & (exact_spread > LEAST_SPREAD)
        gain = np.where(has_spread, exact_spread / np.maximum(spread, LEAST_SPREAD), 1).astype(np.float32)
        changes[op] = gain, exact_mean - mean * gain
        return values * gain + changes[op][1]

    watch(folded.model, inputs, note)
    with int8_kernels([op for op in folded.after if isinstance(op, CONVOLUTIONS)]):
        watch(folded.model, inputs, correct)
    for conv, change in changes.items():
        scale_output(conv, *change)


def _moments(values: Values) -> tuple[Values, Values]:
    """Mean and standard deviation of each channel."""
    return values.mean((0, 1, 2)), values.std((0, 1, 2))
