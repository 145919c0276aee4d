"""Residual sums made even over their channels, as facetoon.convert.improve.improvements.equalize does between two convolutions.

Every block adds to the sum, whose range grows while one int8 scale serves all its channels. What is written to a
channel is multiplied, and what reads it divides; where the sum begins behind a nonlinearity, a 1x1 depthwise
convolution multiplies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from facetoon.convert.formats.fold import CONVOLUTIONS, Folded, Values, consumers, scale_input, scale_output
from facetoon.convert.improve.improvements import LEAST_SPREAD, MOST_GAIN, watch
from keras import layers

PASSING = (layers.Identity, layers.UpSampling2D)  # linear in each channel alone


@dataclass
class Sum:
    """Additions that hand their result to each other, and what they live on."""

    additions: set[Any]
    writers: set[Any] = field(default_factory=set)
    """Convolutions that nothing but an addition looks at."""
    begins: set[Any] = field(default_factory=set)
    readers: set[Any] = field(default_factory=set)


def equalize_sums(folded: Folded, inputs: list[Values]) -> Folded:
    """The same function; sums that something else than additions and convolutions looks at stay as they are."""
    for found in _sums(folded):
        highest = _highest(folded, inputs, found)
        is_alive = highest > LEAST_SPREAD
        gain = np.where(is_alive, np.minimum(highest.max() / np.maximum(highest, LEAST_SPREAD), MOST_GAIN), 1)
        gain = gain.astype(np.float32)
        for conv in found.writers:
            scale_output(conv, gain, np.zeros_like(gain))
        for conv in found.readers:
            scale_input(conv, gain)
        folded = _multiplied(folded, found.begins, gain)
    return folded


def _highest(folded: Folded, inputs: list[Values], found: Sum) -> Values:
    """Of each channel, wherever the sum is stored."""
    seen: list[Values] = []

    def note(op: Any, values: Values) -> Values:
        if op in found.additions or op in found.begins:
            seen.append(np.abs(values).max((0, 1, 2)))
        return values

    watch(folded.model, inputs, note)
    return np.max(seen, axis=0)


def _multiplied(folded: Folded, begins: set[Any], gain: Values) -> Folded:
    def call(op: Any, *given: Any, **options: Any) -> Any:
        result = op(*given, **options)
        if op not in begins:
            return result
        scale = layers.DepthwiseConv2D(1, use_bias=False, name=f"{op.name}_evened")
        result = scale(result)
        scale.kernel.assign(gain.reshape(1, 1, -1, 1))
        return result

    model = keras.models.clone_model(folded.model, clone_function=lambda op: op, call_function=call)
    return Folded(model, folded.convolutions, folded.normalized, consumers(model))


def _sums(folded: Folded) -> list[Sum]:
    before: dict[Any, list[Any]] = {op: [] for op in folded.after}
    for op, following in folded.after.items():
        for other in following:
            before[other].append(op)
    found: list[Sum] = []
    for op in folded.after:
        if _is_addition(op) and not any(op in one.additions for one in found):
            one = _sum_of(op, folded, before)
            if one:
                found.append(one)
    return found


def _is_addition(op: Any) -> bool:
    return type(op).__name__ == "Add"  # of keras.layers, or of two tensors and a plus


def _sum_of(first: Any, folded: Folded, before: dict[Any, list[Any]]) -> Sum | None:
    found, ahead = Sum(set()), [first]
    while ahead:
        addition = ahead.pop()
        if addition in found.additions:
            continue
        found.additions.add(addition)
        producers = [_made_by(op, before) for op in before[addition]]
        if len(producers) < 2:  # a constant, or the model's own input
            return None
        for op in producers:
            if _is_addition(op):
                ahead.append(op)
            elif op in folded.convolutions and len(_seen_by(op, folded)) == 1:
                found.writers.add(op)
            else:
                found.begins.add(op)
        ahead += [op for op in _seen_by(addition, folded) if _is_addition(op)]
    for op in (*found.additions, *found.begins):
        found.readers |= {reader for reader in _seen_by(op, folded) if not _is_addition(reader)}
    is_plain = all(isinstance(op, CONVOLUTIONS) and getattr(op, "groups", 1) == 1 for op in found.readers)
    return found if is_plain else None


def _made_by(op: Any, before: dict[Any, list[Any]]) -> Any:
    while isinstance(op, layers.Identity):
        op = before[op][0]
    return op


def _seen_by(op: Any, folded: Folded) -> list[Any]:
    """What takes the values of an operation, through what passes them on."""
    seen: list[Any] = []
    for other in folded.after[op]:
        seen += _seen_by(other, folded) if isinstance(other, PASSING) else [other]
    return seen
