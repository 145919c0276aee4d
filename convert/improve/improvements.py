"""What can be done to a generator's weights before int8: its function in float stays, or nearly so.

All of it runs on the folded network and on calibration pictures, towards the float generator's own values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import numpy as np
from facetoon.convert.formats.calibration import Sample
from facetoon.convert.formats.fold import (
    CONVOLUTIONS,
    Folded,
    Values,
    fold,
    has_style_affines,
    output_axis,
    scale_input,
    scale_output,
)
from facetoon.convert.formats.quantization import IMPROVEMENTS
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from keras import layers

PICTURES = 64  # whose values are held in memory, of all layers
LEAST_SPREAD = 1e-6  # of a channel that says anything
MOST_GAIN = 100.0

Visit = Callable[[Any, Any], Any]
"""(operation, its output) to what goes on in its stead."""


def improve(
    generator: Any, names: Sequence[str], calibration: Sample, style: Values | None, qat_steps: int, seed: int
) -> Any:
    """A folded copy of the generator, improved by the methods `names` of recipes.IMPROVEMENTS, in the order there.

    With `style` its StyleAffine layers are folded in too; those that stay live are conditioned first. Raises InputError
    for a network that is not a graph of layers used once, or that hides its convolutions, as a SavedModel does.
    """
    folded = fold(generator, style)
    if not folded.convolutions:
        raise InputError(f"The generator {generator.name} shows no convolution that could be improved.")
    inputs = arguments(folded.model, calibration)
    few = [values[:PICTURES] for values in inputs]
    if style is None and has_style_affines(generator):
        from facetoon.convert.improve.condition import condition

        folded = condition(folded, few)
    for name in (known for known in IMPROVEMENTS if known in names):
        if name == "equalize":
            from facetoon.convert.improve.residual import equalize_sums

            equalize(folded, few)
            folded = equalize_sums(folded, few)
        elif name == "qat":
            from facetoon.convert.improve.finetune import finetune

            finetune(folded, generator, inputs, qat_steps, seed)
        else:
            is_bn = name == "bn"
            match_statistics(folded, few, folded.normalized if is_bn else folded.convolutions, variance=is_bn)
    return folded.model


def arguments(model: Any, calibration: Sample) -> list[Values]:
    """The sample as the model's inputs, in their order."""
    pictures = pixels.to_unit(calibration.images)
    return [calibration.styles if len(tensor.shape) == 2 else pictures for tensor in model.inputs]


def as_called(inputs: list[Values]) -> Any:
    """What Keras wants: a list, or the only array."""
    return inputs if len(inputs) > 1 else inputs[0]


def watch(model: Any, inputs: list[Values], visit: Visit) -> None:
    """Run the model once, layer by layer; `visit` sees every operation's output and says what goes on."""

    def call(op: Any, *given: Any, **options: Any) -> Any:
        return _Tap(partial(visit, op))(op(*given, **options))

    tapped = keras.models.clone_model(model, clone_function=lambda op: op, call_function=call)
    tapped(as_called(inputs), training=False)


class _Tap(layers.Layer):
    def __init__(self, visit: Callable[[Any], Any]) -> None:
        super().__init__()
        self._visit = visit

    def call(self, values: Any) -> Any:
        """Symbolic while the graph is made, then NumPy values one after the other."""
        if not hasattr(values, "numpy"):
            return values
        given = np.asarray(values)
        told = self._visit(given)
        return values if told is given else keras.ops.convert_to_tensor(told)  # no second copy of every layer's values


def match_statistics(folded: Folded, inputs: list[Values], convolutions: Sequence[Any], variance: bool) -> None:
    """Give every channel of `convolutions`, with int8 weights, the mean that it has with float ones.

    Bias correction (Nagel et al. 2019), from pictures rather than from the normalization's parameters; with `variance`
    too it re-estimates the batch normalization (Sun et al. 2019) that was folded in. Front to back: every layer sees
    the corrected ones before it.
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
        known = variance & (spread > LEAST_SPREAD) & (exact_spread > LEAST_SPREAD)
        gain = np.where(known, exact_spread / np.maximum(spread, LEAST_SPREAD), 1).astype(np.float32)
        changes[op] = gain, exact_mean - mean * gain
        return values * gain + changes[op][1]

    watch(folded.model, inputs, note)
    with int8_kernels([op for op in folded.after if isinstance(op, CONVOLUTIONS)]):
        watch(folded.model, inputs, correct)
    for conv, change in changes.items():
        scale_output(conv, *change)


def _moments(values: Values) -> tuple[Values, Values]:
    return values.mean((0, 1, 2)), values.std((0, 1, 2))


@contextmanager
def int8_kernels(convolutions: Sequence[Any]) -> Iterator[None]:
    """The convolutions with what int8 leaves of their weights; afterwards with their own again."""
    exact = {conv: np.asarray(conv.kernel) for conv in convolutions}
    for conv in convolutions:
        conv.kernel.assign(rounded_kernel(conv))
    try:
        yield
    finally:
        for conv, kernel in exact.items():
            conv.kernel.assign(kernel)


def rounded_kernel(conv: Any) -> Any:
    """The kernel as int8 with a scale for each output channel holds it, -127..127: a tensor with a gradient."""
    axis = output_axis(conv)
    kernel = keras.ops.convert_to_tensor(conv.kernel)
    largest = keras.ops.max(keras.ops.abs(kernel), [i for i in range(4) if i != axis])
    largest = keras.ops.stop_gradient(keras.ops.maximum(largest, LEAST_SPREAD))
    return keras.quantizers.fake_quant_with_min_max_vars(
        kernel, -largest, largest, num_bits=8, narrow_range=True, axis=axis
    )


def equalize(folded: Folded, inputs: list[Values]) -> None:
    """Cross-layer equalization (Nagel et al. 2019): channels between two convolutions share their range evenly.

    The first convolution's weights have a scale for every channel anyway, so the range of a channel is that of its
    values on the pictures, which share one scale, rather than that of its weights. Only what passes a factor through
    may lie between the two: nothing, or ReLU without a ceiling.
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
        axis = 3 if isinstance(second, layers.Conv2DTranspose) else 2
        kernel = np.abs(np.asarray(second.kernel))
        range_of_weights = kernel.max(tuple(i for i in range(4) if i != axis))
        is_alive = (range_of_values > LEAST_SPREAD) & (range_of_weights > LEAST_SPREAD)
        ratio = range_of_weights / np.maximum(range_of_values, LEAST_SPREAD)
        gain = np.where(is_alive, np.clip(np.sqrt(ratio), 1 / MOST_GAIN, MOST_GAIN), 1).astype(np.float32)
        scale_output(first, gain, np.zeros_like(gain))
        scale_input(second, gain)


def _next_convolution(folded: Folded, first: Any) -> Any:
    """The only consumer behind `first`, if it is a convolution that looks at each channel of it by its own weights."""
    at = first
    while len(folded.after[at]) == 1:
        at = folded.after[at][0]
        if isinstance(at, CONVOLUTIONS):
            return at if getattr(at, "groups", 1) == 1 else None
        if not (isinstance(at, layers.Identity) or (isinstance(at, layers.ReLU) and at.max_value is None)):
            return None
    return None
