"""Folds a generator's normalization into its convolutions, as int8 kernels see it, and lists each layer's consumers.

The folded network gives the same pictures as the generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.student import StyleAffine

Values = NDArray[np.float32]
CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.Conv2DTranspose)


@dataclass(frozen=True)
class Folded:
    """A Keras model with layers of its own, whose convolutions have a bias."""

    model: Any
    convolutions: tuple[Any, ...]
    """The convolutions without an activation of their own."""
    normalized: tuple[Any, ...]
    """The convolutions with a folded batch normalization."""
    after: dict[Any, list[Any]]
    """See consumers."""


def fold(generator: Any, style: Values | None = None) -> Folded:
    """Fold batch normalization into the convolution before it; with `style`, float32 (styles,), StyleAffine as well.

    A normalization that does not follow a convolution stays as it is. The generator is not changed. Raises InputError
    for a network that is not a graph of layers, each used once.
    """
    if not isinstance(generator, keras.Model) or not hasattr(generator, "operations"):
        raise InputError(f"{generator.name} is not a graph of Keras layers; only such a network can be improved.")
    after = consumers(generator)
    biased: dict[Any, Any] = {}
    gone: set[Any] = set()
    normalized = []
    for conv in (op for op in generator.operations if isinstance(op, CONVOLUTIONS) and _is_linear(op)):
        chain = _affine_chain(conv, after, style)
        gone |= set(chain)
        biased[conv] = _with_bias(conv)
        if any(isinstance(op, layers.BatchNormalization) for op in chain):
            normalized.append(biased[conv])
        for op in chain:
            scale_output(biased[conv], *_affine(op, style))
    model = _copy(generator, biased, gone)
    return Folded(model, tuple(biased.values()), tuple(normalized), consumers(model))


def _copy(generator: Any, replaced: dict[Any, Any], gone: set[Any]) -> Any:
    """Copy the generator and its layers, with layers in `replaced` exchanged and layers in `gone` as Identity."""
    copies: dict[Any, Any] = {}
    passing: set[Any] = set()

    def clone(op: Any) -> Any:
        if op in replaced or not isinstance(op, layers.Layer):
            return replaced.get(op, op)
        copies[op] = layers.Identity() if op in gone else type(op).from_config(op.get_config())
        if op in gone:
            passing.add(copies[op])
        return copies[op]

    def call(op: Any, *inputs: Any, **options: Any) -> Any:
        if op not in passing:
            return op(*inputs, **options)
        return op(inputs[0][0] if isinstance(inputs[0], (list, tuple)) else inputs[0])  # the picture only

    model = keras.models.clone_model(generator, clone_function=clone, call_function=call)
    for op in copies.keys() - gone:
        copies[op].set_weights(op.get_weights())
    return model


def has_style_affines(generator: Any) -> bool:
    """Whether the generator has gains and shifts that depend on a style."""
    return any(isinstance(layer, StyleAffine) for layer in getattr(generator, "layers", ()))


def consumers(model: Any) -> dict[Any, list[Any]]:
    """Return the consumers of each operation's output; raise InputError when a layer is used twice."""
    maker: dict[int, Any] = {}
    after: dict[Any, list[Any]] = {}

    def trace(op: Any, *inputs: Any, **options: Any) -> Any:
        if op in after:
            raise InputError(f"The generator {model.name} uses a layer twice; such a network cannot be improved.")
        after[op] = []
        for tensor in keras.tree.flatten(inputs):
            if id(tensor) in maker:  # else it is one of the model's inputs
                after[maker[id(tensor)]].append(op)
        result = op(*inputs, **options)
        maker.update((id(tensor), op) for tensor in keras.tree.flatten(result))
        return result

    keras.models.clone_model(model, clone_function=lambda op: op, call_function=trace)
    return after


def output_axis(conv: Any) -> int:
    """The output axis of a kernel: (height, width, in, out); transposed (.., out, in); depthwise (.., in, 1)."""
    return 3 if type(conv) is layers.Conv2D else 2


def input_axis(conv: Any) -> int:
    """The input axis of a kernel; see output_axis."""
    return 3 if isinstance(conv, layers.Conv2DTranspose) else 2


def scale_output(conv: Any, gain: Values, shift: Values) -> None:
    """Change the convolution's output y to y * gain + shift; both are float32 (channels,)."""
    kernel = np.asarray(conv.kernel)
    conv.kernel.assign(kernel * _along(gain, output_axis(conv)))
    conv.bias.assign(np.asarray(conv.bias) * gain + shift)


def scale_input(conv: Any, gain: Values) -> None:
    """Divide the kernel, so that input x * gain gives the output of x; `gain` is float32 (channels,), above 0."""
    conv.kernel.assign(np.asarray(conv.kernel) / _along(gain, input_axis(conv)))


def _along(values: Values, axis: int) -> Values:
    return values.reshape([-1 if i == axis else 1 for i in range(4)])


def _affine_chain(conv: Any, after: dict[Any, list[Any]], style: Values | None) -> list[Any]:
    """The normalizations and affines right behind a convolution, each the only consumer of its predecessor."""
    kinds = (layers.BatchNormalization,) if style is None else (layers.BatchNormalization, StyleAffine)
    chain: list[Any] = []
    op = conv
    while len(after[op]) == 1 and isinstance(after[op][0], kinds):
        op = after[op][0]
        chain.append(op)
    return chain


def _affine(op: Any, style: Values | None) -> tuple[Values, Values]:
    if isinstance(op, StyleAffine) and style is not None:
        gains, shifts = (np.asarray(rows) for rows in op.rows())
        return style @ gains, style @ shifts
    gain = np.asarray(op.gamma) if op.scale else np.float32(1)
    gain = gain / np.sqrt(np.asarray(op.moving_variance) + op.epsilon)
    beta = np.asarray(op.beta) if op.center else np.float32(0)
    return gain, beta - np.asarray(op.moving_mean) * gain


def _with_bias(conv: Any) -> Any:
    copy = type(conv).from_config({**conv.get_config(), "use_bias": True})
    copy.build(conv.input.shape)
    copy.kernel.assign(conv.kernel)
    if conv.use_bias:
        copy.bias.assign(conv.bias)
    return copy


def _is_linear(conv: Any) -> bool:
    """Whether a convolution has no activation, no groups, and, if depthwise, one output channel for each input."""
    is_plain = conv.activation is keras.activations.linear and getattr(conv, "depth_multiplier", 1) == 1
    return is_plain and getattr(conv, "groups", 1) == 1 and conv.data_format == "channels_last"
