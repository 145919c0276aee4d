"""Evens the channels of residual sums, as equalization.equalize does between two convolutions.

Every block adds to the sum, so its range grows, but one int8 scale serves all its channels. Convolutions that write a
channel multiply it; convolutions that read it divide it. Where the sum begins behind a nonlinearity, a 1x1 depthwise
convolution multiplies it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers

from facetoon.convert.improve.equalization import MOST_GAIN
from facetoon.convert.improve.fold import CONVOLUTIONS, Folded, Values, consumers, scale_input, scale_output
from facetoon.convert.improve.layer_values import LEAST_SPREAD, watch

PASSING = (layers.Identity, layers.UpSampling2D)  # linear in each channel separately


@dataclass
class ResidualSum:
    """A group of additions that read each other's results, with its writers and readers."""

    additions: set[Any]
    writers: set[Any] = field(default_factory=set)
    """Convolutions that only an addition reads."""
    begins: set[Any] = field(default_factory=set)
    """Other operations that give the sum its first value."""
    readers: set[Any] = field(default_factory=set)


def equalize_sums(folded: Folded, inputs: list[Values]) -> Folded:
    """Return a network of the same function.

    Sums with readers other than additions and convolutions stay unchanged. So do sums that begin in several places,
    such as a skip and what it is added to: they do not grow, and a multiplication in each place would cost time.
    """
    for chain in _sums(folded):
        highest = _highest(folded, inputs, chain)
        is_alive = highest > LEAST_SPREAD
        gain = np.where(is_alive, np.minimum(highest.max() / np.maximum(highest, LEAST_SPREAD), MOST_GAIN), 1)
        gain = gain.astype(np.float32)
        for conv in chain.writers:
            scale_output(conv, gain, np.zeros_like(gain))
        for conv in chain.readers:
            scale_input(conv, gain)
        folded = _multiplied(folded, chain.begins, gain)
    return folded


def _highest(folded: Folded, inputs: list[Values], chain: ResidualSum) -> Values:
    """The largest absolute value of each channel in any tensor of the sum: float32 (channels,)."""
    highest: list[Values] = []

    def note(op: Any, values: Values) -> Values:
        if op in chain.additions or op in chain.begins:
            highest.append(np.abs(values).max((0, 1, 2)))
        return values

    watch(folded.model, inputs, note)
    return np.max(highest, axis=0)


def _multiplied(folded: Folded, begins: set[Any], gain: Values) -> Folded:
    def call(op: Any, *arguments: Any, **options: Any) -> Any:
        result = op(*arguments, **options)
        if op not in begins:
            return result
        scale = layers.DepthwiseConv2D(1, use_bias=False, name=f"{op.name}_evened")
        result = scale(result)
        scale.kernel.assign(gain.reshape(1, 1, -1, 1))
        return result

    model = keras.models.clone_model(folded.model, clone_function=lambda op: op, call_function=call)
    return Folded(model, folded.convolutions, folded.normalized, consumers(model))


def _sums(folded: Folded) -> list[ResidualSum]:
    before: dict[Any, list[Any]] = {op: [] for op in folded.after}
    for op, following in folded.after.items():
        for other in following:
            before[other].append(op)
    sums: list[ResidualSum] = []
    for op in folded.after:
        if _is_addition(op) and not any(op in chain.additions for chain in sums):
            chain = _sum_of(op, folded, before)
            if chain:
                sums.append(chain)
    return sums


def _is_addition(op: Any) -> bool:
    return type(op).__name__ == "Add"  # the layer, or the operation of a plus between two tensors


def _sum_of(first: Any, folded: Folded, before: dict[Any, list[Any]]) -> ResidualSum | None:
    """The sum of an addition; None where its channels cannot be scaled, or not cheaply."""
    chain, pending = ResidualSum(set()), [first]
    while pending:
        addition = pending.pop()
        if addition in chain.additions:
            continue
        chain.additions.add(addition)
        producers = [_producer(op, before) for op in before[addition]]
        if len(producers) < 2:  # a constant, or the model's own input
            return None
        for op in producers:
            if _is_addition(op):
                pending.append(op)
            elif op in folded.convolutions and len(_readers_of(op, folded)) == 1:
                chain.writers.add(op)
            else:
                chain.begins.add(op)
        pending += [op for op in _readers_of(addition, folded) if _is_addition(op)]
    for op in (*chain.additions, *chain.begins):
        chain.readers |= {reader for reader in _readers_of(op, folded) if not _is_addition(reader)}
    is_plain = all(isinstance(op, CONVOLUTIONS) and getattr(op, "groups", 1) == 1 for op in chain.readers)
    return chain if is_plain and len(chain.begins) <= 1 else None


def _producer(op: Any, before: dict[Any, list[Any]]) -> Any:
    while isinstance(op, layers.Identity):
        op = before[op][0]
    return op


def _readers_of(op: Any, folded: Folded) -> list[Any]:
    """The operations that read an operation's output, directly or through PASSING layers."""
    readers: list[Any] = []
    for other in folded.after[op]:
        readers += _readers_of(other, folded) if isinstance(other, PASSING) else [other]
    return readers
