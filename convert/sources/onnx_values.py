"""The values that pass between ONNX operators: how their axes lie, and an operator's settings.

A tensor of four axes is held with its channels last, as TFLite's kernels want it; constants stay NumPy arrays in ONNX's
own order, channels second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from facetoon.edge_runtime.errors import InputError

LAST = (0, 2, 3, 1)  # ONNX's axes in the order that is held
SECOND = (0, 3, 1, 2)


@dataclass(frozen=True)
class OnnxNode:
    """An operator with the values of its inputs: a Keras tensor, a NumPy constant, or None for one left out."""

    kind: str
    inputs: list[Any]
    attributes: dict[str, Any]
    outputs: int = 1

    def input(self, place: int, default: Any = None) -> Any:
        """Return an input, or `default` for one that the node leaves out."""
        return self.inputs[place] if place < len(self.inputs) and self.inputs[place] is not None else default

    def setting(self, name: str, place: int, default: Any = None) -> Any:
        """Return a setting, which old operator sets have as an attribute and new ones as a constant input."""
        value = self.attributes.get(name, self.input(place, default))
        if keras.utils.is_keras_tensor(value):
            raise InputError(f"its {self.kind} has a {name} that depends on the picture")
        return value

    def refuse(self, what: str) -> InputError:
        """Return the error for a setting that has no Keras form."""
        return InputError(f"its {self.kind} has {what}")


def is_picture(value: Any) -> bool:
    """Whether a value is held with its channels last."""
    return keras.utils.is_keras_tensor(value) and len(value.shape) == 4


def as_onnx(value: Any) -> Any:
    """Return a value with its axes in ONNX's order."""
    return ops.transpose(value, SECOND) if is_picture(value) else value


def as_held(value: Any) -> Any:
    """Return a tensor in ONNX's order as it is held."""
    return ops.transpose(value, LAST) if is_picture(value) else value


def axis_of(value: Any, axis: int) -> int:
    """Return where an axis of ONNX's order lies in a value as it is held."""
    axis = axis % len(value.shape)
    return LAST.index(axis) if is_picture(value) else axis


def beside(value: Any, constant: Any) -> Any:
    """Return a constant that broadcasts with a value as it would in ONNX's order."""
    if keras.utils.is_keras_tensor(constant):
        return constant
    constant = np.asarray(constant)
    if is_picture(value) and constant.ndim:
        constant = constant.reshape((1,) * (4 - constant.ndim) + constant.shape).transpose(LAST)
    return constant
