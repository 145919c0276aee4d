"""Clips the values before a live style's gains and shifts, so that int8 spends no steps on values cut off later.

Before gain and shift, a convolution's values span about -10..10; the ReLU6 after them keeps 0..6. A tensor has one
int8 scale, so most of its steps would go to values that are cut off. The part of a channel that any style can show is
known beforehand. So that part is scaled to 0..6 and clipped by a ReLU6 that fuses into the convolution; gain and shift
scale it back. The pictures and the operators of the file stay the same.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from facetoon.convert.improve.fold import Folded, Values, consumers, scale_output
from facetoon.convert.improve.layer_values import watch
from facetoon.training.networks.student import RATE, StyleAffine

CEILING = 6.0
MARGIN = 0.1  # added to a channel's span on the calibration pictures, as a share of it
LEAST_SPAN = 1e-2


def condition(folded: Folded, inputs: list[Values]) -> Folded:
    """Return the network with every channel before a gain and a shift clipped to its visible part.

    `inputs` come from layer_values.model_inputs. Weights of the folded model change, the generator's do not.
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

    def call(op: Any, *arguments: Any, **options: Any) -> Any:
        result = op(*arguments, **options)
        return layers.ReLU(CEILING, name=f"{op.name}_visible")(result) if op in affines else result

    model = keras.models.clone_model(folded.model, clone_function=lambda op: op, call_function=call)
    return Folded(model, folded.convolutions, folded.normalized, consumers(model))


def _affine_behind(folded: Folded, conv: Any) -> Any:
    """Return the StyleAffine that is the convolution's only consumer, or None."""
    op = conv
    while len(folded.after[op]) == 1:
        op = folded.after[op][0]
        if not isinstance(op, layers.Identity):
            return op if isinstance(op, StyleAffine) else None
    return None


def _visible(folded: Folded, affine: Any, least: Values, greatest: Values) -> tuple[Values, Values]:
    """Low and high, float32 (channels,) each: the span that the pictures reach and that some style can show.

    The bounds of a mix lie between the bounds of its styles, since gain and shift are linear in the style.
    """
    margin = MARGIN * (greatest - least)
    low, high = least - margin, greatest + margin
    following = folded.after[affine]
    if len(following) == 1 and isinstance(following[0], layers.ReLU) and following[0].max_value == CEILING:
        gains, shifts = (np.asarray(rows) for rows in affine.rows())
        rises = (gains > 0).all(0)  # where a gain is 0 or below, the clip gives no bound
        positive = np.where(rises, gains, 1)
        low = np.where(rises, np.maximum(low, (-shifts / positive).min(0)), low)
        high = np.where(rises, np.minimum(high, ((CEILING - shifts) / positive).max(0)), high)
    return low, np.maximum(high, low + LEAST_SPAN)
