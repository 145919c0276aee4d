"""Runs a Keras model layer by layer and shows every layer's values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers

from facetoon.convert.improve.fold import Values
from facetoon.convert.sources.samples import Sample, as_input

MOST_PICTURES = 64
MOST_PIXELS = MOST_PICTURES * 160**2  # memory holds their values in all layers: 2 GB
LEAST_SPREAD = 1e-6  # a channel with less carries nothing

Visit = Callable[[Any, Any], Any]
"""Takes an operation and its output, a NumPy array; returns the values to pass on."""


def model_inputs(model: Any, calibration: Sample) -> list[Values]:
    """Order a sample as the model's inputs: float32 pictures -1..1 (n, h, w, 3), styles (n, styles)."""
    pictures = as_input(calibration.images, calibration.sides_px)
    return [calibration.styles if len(tensor.shape) == 2 else pictures for tensor in model.inputs]


def some(inputs: list[Values]) -> list[Values]:
    """Return the first of the pictures and styles, as many as `watch` can run at once."""
    (count,) = {values.shape[1] * values.shape[2] for values in inputs if values.ndim == 4}
    return [values[: min(MOST_PICTURES, MOST_PIXELS // count)] for values in inputs]


def as_called(inputs: list[Values]) -> Any:
    """Return the form that Keras takes: a list, or the only array."""
    return inputs if len(inputs) > 1 else inputs[0]


def watch(model: Any, inputs: list[Values], visit: Visit) -> None:
    """Run the model once, layer by layer; `visit` sees the output of every operation and may replace it."""

    def call(op: Any, *arguments: Any, **options: Any) -> Any:
        return _Tap(partial(visit, op))(op(*arguments, **options))

    tapped = keras.models.clone_model(model, clone_function=lambda op: op, call_function=call)
    tapped(as_called(inputs), training=False)


class _Tap(layers.Layer):
    def __init__(self, visit: Callable[[Any], Any]) -> None:
        super().__init__()
        self._visit = visit

    def call(self, values: Any) -> Any:
        """Pass symbolic values on while Keras builds the graph; then visit the values of one layer after the other."""
        if not hasattr(values, "numpy"):
            return values
        before = np.asarray(values)
        after = self._visit(before)
        return values if after is before else keras.ops.convert_to_tensor(after)  # spares a second copy of each layer
