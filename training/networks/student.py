"""The student: the small generator that ships. It consists of operations that are fast in int8 on a CPU.

Each block has one depthwise convolution and wide pointwise convolutions. On ARM the number of multiply-adds sets the
time, and pointwise convolutions waste none. On x86 they run closer to the peak than depthwise ones. Batch normalization
folds into the convolutions and ReLU6 fuses with them. The rest is a space-to-depth stem, bilinear upsampling, a
depth-to-space head, zero padding and channels in multiples of 16.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.batch_norm import FusedBatchNormalization
from facetoon.training.recipes.parts import StudentRecipe


@keras.saving.register_keras_serializable("facetoon")
class SpaceToDepth(layers.Layer):
    """(batch, 2h, 2w, c) to (batch, h, w, 4c)."""

    def call(self, x: Any) -> Any:
        """Rearrange the pixels, under TensorFlow with its own op: the converter would turn a reshape into six ops."""
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return tf.nn.space_to_depth(x, 2)
        _, height, width, channels = x.shape
        x = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
        return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, height // 2, width // 2, 4 * channels))


@keras.saving.register_keras_serializable("facetoon")
class DepthToSpace(layers.Layer):
    """(batch, h, w, 4c) to (batch, 2h, 2w, c)."""

    def call(self, x: Any) -> Any:
        """Reverse SpaceToDepth."""
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return tf.nn.depth_to_space(x, 2)
        _, height, width, channels = x.shape
        x = ops.reshape(x, (-1, height, width, 2, 2, channels // 4))
        return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 2 * height, 2 * width, channels // 4))


@keras.saving.register_keras_serializable("facetoon")
class ClipUnit(layers.Layer):
    """Clips to -1..1 at inference. In training it passes values unchanged, since a clipped value gets no gradient."""

    def call(self, x: Any, training: bool = False) -> Any:
        """Clip. The converter fuses the clip into the convolution before it."""
        return x if training else ops.clip(x, -1.0, 1.0)


RATE = 4.0
"""Factor of the stored gains and shifts. Adam moves every weight equally far in a step. With a factor of 1 the styles
separated too slowly compared with the trunk."""


@keras.saving.register_keras_serializable("facetoon")
class StyleAffine(layers.Layer):
    """Gain and shift of every channel, linear in the style: y = x (1 + s G) + s S.

    This is the affine of conditional instance normalization (Dumoulin et al. 2017) after a batch normalization.
    For a fixed style it folds into the preceding convolution. A mix of styles has the mix of their gains and shifts.
    G and S are RATE times the stored values.
    """

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Make one row for each style. All rows begin at zero, so all styles start equal."""
        (*_, channels), (*_, styles) = input_shape
        self.gains = self.add_weight(shape=(styles, channels), initializer="zeros", name="gains")
        self.shifts = self.add_weight(shape=(styles, channels), initializer="zeros", name="shifts")

    def call(self, inputs: Any) -> Any:
        """Apply gain and shift. `inputs` are x (batch, h, w, channels) and style (batch, styles)."""
        x, style = inputs
        gain, shift = (ops.reshape(ops.matmul(style, rows), (-1, 1, 1, x.shape[-1])) for rows in self.rows())
        return x * gain + shift

    def rows(self) -> tuple[Any, Any]:
        """Return the gains and shifts of each pure style, both (styles, channels)."""
        return 1.0 + RATE * self.gains, RATE * self.shifts


def build_student(size_px: int, student: StudentRecipe, styles: int = 0) -> keras.Model:
    """Build a generator: pictures (batch, size_px, size_px, 3), float -1..1, to cartoons of the same shape and range.

    With `styles` above 0 it takes [pictures, style]. The style (batch, styles) holds shares that sum to 1.
    Raises InputError for impossible sizes.
    """
    if size_px % 4 or student.stem_filters % 16 or student.filters % 16:
        raise InputError(
            f"A student of {size_px} px with {student.stem_filters} and {student.filters} filters is impossible: "
            "the size must be a multiple of 4 and the filters of 16."
        )
    image = keras.Input((size_px, size_px, 3), name="image")
    style = keras.Input((styles,), name="style") if styles else None
    x = SpaceToDepth()(image)
    x = conv(x, student.stem_filters, 3)
    x = conv(depthwise(x, stride=2), student.filters, 1, style=style)
    for block in range(student.blocks):
        styled = (block + 1) % student.style_every == 0
        y = conv(depthwise(x, kernel=student.kernel), student.filters, 1, style=style if styled else None)
        x = layers.Add()([x, conv(y, student.filters, 1, relu=False)])
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    x = conv(depthwise(x), student.stem_filters, 1)
    x = layers.Conv2D(12, 3, padding="same")(x)
    inputs = image if style is None else [image, style]
    return keras.Model(inputs, DepthToSpace()(ClipUnit()(x)), name="student")


def conv(x: Any, filters: int, kernel: int, relu: bool = True, style: Any = None, stride: int = 1) -> Any:
    """Convolve (batch, h, w, c) to `filters` channels, with batch norm, the style's gains and shifts, and ReLU6."""
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    x = FusedBatchNormalization()(x)
    if style is not None:
        x = StyleAffine()([x, style])
    return layers.ReLU(6.0)(x) if relu else x


def depthwise(x: Any, stride: int = 1, kernel: int = 3) -> Any:
    """Convolve each channel of (batch, h, w, c) alone, with batch norm."""
    x = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False)(x)
    return FusedBatchNormalization()(x)


def affines(student: keras.Model) -> list[StyleAffine]:
    """Return a student's style layers, from entrance to exit; empty without a style input."""
    return [layer for layer in student.layers if isinstance(layer, StyleAffine)]


def with_one_more(student: keras.Model) -> keras.Model:
    """Copy the student and append one style, whose gains and shifts are zero."""
    image, style = student.inputs
    copies: dict[Any, Any] = {}

    def copy(op: Any) -> Any:
        if not isinstance(op, layers.Layer):
            return op
        return copies.setdefault(op, type(op).from_config(op.get_config()))

    inputs = [keras.Input(image.shape[1:], name="image"), keras.Input((style.shape[1] + 1,), name="style")]
    grown = keras.models.clone_model(student, input_tensors=inputs, clone_function=copy)
    for layer, twin in copies.items():
        values = layer.get_weights()
        is_style = isinstance(layer, StyleAffine)
        twin.set_weights([np.pad(rows, ((0, 1), (0, 0))) for rows in values] if is_style else values)
    return grown


def unclipped(student: keras.Model) -> keras.Model:
    """Return the same network, with shared weights, without the last clip, whose gradient is zero outside -1..1."""
    clip = next(layer for layer in student.layers if isinstance(layer, ClipUnit))
    return keras.Model(student.inputs, DepthToSpace()(clip.input))
