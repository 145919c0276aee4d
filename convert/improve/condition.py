"""Gains and shifts of a live style, made ready for int8: nothing is carried to them that a clip behind them cuts off.

A convolution's values span some -10..10 before the gain and the shift, of which ReLU6 behind them keeps 0..6: with one
int8 scale for a tensor, most of its steps would be spent on what is cut off. What any style can show of a channel is
known beforehand. So the channel is scaled to 0..6 there, and clipped by a ReLU6 that fuses into the convolution; gain
and shift scale it back. The pictures stay, and the file has the operators that it had.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from facetoon.convert.formats.fold import Folded, Values, consumers, scale_output
from facetoon.convert.improve.improvements import watch
from facetoon.training.networks.student import RATE, StyleAffine
from keras import layers

CEILING = 6.0
MARGIN = 0.1  # of a channel's span on the calibration pictures, beyond it
LEAST_SPAN = 1e-2


def condition(folded: Folded, inputs: list[Values]) -> Folded:
    """The network with every channel before a gain and a shift clipped to what can be seen of it.

    `inputs` are pictures and styles as for facetoon.convert.improve.improvements. Weights of the folded model change, the generator's do not.
    """
    affines = {conv: affine for conv in folded.convolutions if (affine := _affine_behind(folded, conv))}
    spans: dict[Any, tuple[Values, Values]] = {}

    def note(op: Any, values: Values) -> Values:
        if op in affines:
            spans[op] = values.min((0, 1, 2)), values.max((0, 1, 2))
        return values

    watch(folded.model, inputs, note)
    for conv, affine in affines.items():
        low, high = _visible(folded, affine, *spans[conv])
        unit = (high - low) / np.float32(CEILING)
        gains, shifts = (np.asarray(rows) for rows in affine.rows())
        scale_output(conv, np.reciprocal(unit), -low / unit)
        affine.gains.assign((gains * unit - 1) / RATE)
        affine.shifts.assign((shifts + gains * low) / RATE)

    def call(op: Any, *given: Any, **options: Any) -> Any:
        result = op(*given, **options)
        return layers.ReLU(CEILING, name=f"{op.name}_visible")(result) if op in affines else result

    model = keras.models.clone_model(folded.model, clone_function=lambda op: op, call_function=call)
    return Folded(model, folded.convolutions, folded.normalized, consumers(model))


def _affine_behind(folded: Folded, conv: Any) -> Any:
    """The StyleAffine that alone looks at the convolution; None without one."""
    at = conv
    while len(folded.after[at]) == 1:
        at = folded.after[at][0]
        if not isinstance(at, layers.Identity):
            return at if isinstance(at, StyleAffine) else None
    return None


def _visible(folded: Folded, affine: Any, least: Values, greatest: Values) -> tuple[Values, Values]:
    """Of each channel: between what values any style shows a difference, and the calibration pictures came near.

    A mix's bound lies between those of its styles, since gain and shift are linear in the style.
    """
    margin = MARGIN * (greatest - least)
    low, high = least - margin, greatest + margin
    following = folded.after[affine]
    if len(following) == 1 and isinstance(following[0], layers.ReLU) and following[0].max_value == CEILING:
        gains, shifts = (np.asarray(rows) for rows in affine.rows())
        rises = (gains > 0).all(0)  # where a gain is 0 or below, nothing is known
        positive = np.where(rises, gains, 1)
        low = np.where(rises, np.maximum(low, (-shifts / positive).min(0)), low)
        high = np.where(rises, np.minimum(high, ((CEILING - shifts) / positive).max(0)), high)
    return low, np.maximum(high, low + LEAST_SPAN)
