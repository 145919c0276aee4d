"""The teacher: the generator, a ResNet or one of two U-Nets, that `toon-train cyclegan` and `pairs` train.

The ResNet follows Johnson et al. 2016 and Zhu et al. 2017: c7s1-n, two downsamplings, residual blocks, two
upsamplings, c7s1-3, tanh. The U-Net follows Isola et al. 2017. Both pad with zeros and upsample bilinearly, because
reflection is slow in int8 on the device and transposed convolution leaves checkerboards. The other U-Net is in
unet_shuffle.py.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.unet_shuffle import unet_shuffle
from facetoon.training.recipes.parts import GeneratorRecipe


@keras.saving.register_keras_serializable("facetoon")
class InstanceNorm(layers.Layer):
    """Normalizes each channel of each picture (batch, height, width, channels), with a learned scale and shift.

    The moments are computed here because GroupNormalization(groups=-1) was measured 1.4 to 2.7 times slower.
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the per-channel scale and shift."""
        self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="beta")

    def call(self, x: Any) -> Any:
        """Normalize over height and width, in float32: bfloat16 has too few digits for a small variance."""
        wide = ops.cast(x, "float32")
        centred = wide - ops.mean(wide, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(centred), axis=(1, 2), keepdims=True)
        scale = ops.rsqrt(variance + self.epsilon) * ops.cast(self.gamma, "float32")
        return ops.cast(centred * scale + ops.cast(self.beta, "float32"), x.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the layer."""
        return {**super().get_config(), "epsilon": self.epsilon}


def build_generator(generator: GeneratorRecipe, size_px: int, name: str) -> keras.Model:
    """Build a generator: pictures (batch, size_px, size_px, 3), float -1..1, to pictures of the same shape and range.

    Raises InputError for impossible sizes.
    """
    halvings = {"resnet": 2, "unet": generator.blocks, "unet_shuffle": 3}[generator.kind]
    if size_px % 2**halvings or size_px < 2 ** (halvings + 1):
        raise InputError(
            f"A {generator.kind} generator that halves {halvings} times cannot work at {size_px} px: "
            f"the size must be a multiple of {2**halvings}, and at least twice that."
        )
    inputs = keras.Input((size_px, size_px, 3), name="image")
    if generator.kind == "unet_shuffle":
        x = unet_shuffle(inputs, generator.filters, generator.blocks)
        x = layers.Conv2D(3, 3, padding="same", kernel_initializer=normal())(x)
    else:
        layout = _resnet if generator.kind == "resnet" else _unet
        x = layout(inputs, generator.filters, generator.blocks, generator.norm)
        x = layers.Conv2D(3, 7, padding="same", kernel_initializer=normal())(x)
    outputs = layers.Activation("tanh", dtype="float32", name="cartoon")(x)
    return keras.Model(inputs, outputs, name=name)


def _resnet(x: Any, filters: int, blocks: int, norm: str) -> Any:
    x = _conv(x, filters, 7, norm)
    x = _conv(x, 2 * filters, 3, norm, stride=2)
    x = _conv(x, 4 * filters, 3, norm, stride=2)
    for _ in range(blocks):
        y = _conv(x, 4 * filters, 3, norm)
        x = x + _conv(y, 4 * filters, 3, norm, relu=False)
    for width in (2 * filters, filters):
        x = layers.UpSampling2D(2, interpolation="bilinear")(x)
        x = _conv(x, width, 3, norm)
    return x


def _unet(x: Any, filters: int, halvings: int, norm: str) -> Any:
    x = _conv(x, filters, 7, norm)
    skips = []
    for level in range(1, halvings + 1):
        skips.append(x)
        x = _conv(x, filters * 2 ** min(level, 3), 3, norm, stride=2)
    for level, skip in reversed(list(enumerate(skips))):
        x = layers.UpSampling2D(2, interpolation="bilinear")(x)
        x = _conv(layers.Concatenate()([x, skip]), filters * 2 ** min(level, 3), 3, norm)
    return x


def _conv(x: Any, filters: int, kernel: int, norm: str, stride: int = 1, relu: bool = True) -> Any:
    """Add convolution, normalization and ReLU. There is no bias, since the normalization would remove it."""
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, kernel_initializer=normal())(x)
    x = InstanceNorm()(x) if norm == "instance" else layers.BatchNormalization()(x)
    return layers.ReLU()(x) if relu else x


def normal() -> keras.initializers.Initializer:
    """Return the initializer of CycleGAN's convolutions (Zhu et al. 2017)."""
    return keras.initializers.RandomNormal(stddev=0.02)
