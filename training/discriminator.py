"""PatchGAN discriminators (Isola et al. 2017): a grid of real-or-fake scores, one for each overlapping patch."""

from __future__ import annotations

import keras
from keras import layers

from training.teacher import InstanceNorm


def build_discriminator(size_px: int, filters: int, strided_layers: int, name: str) -> keras.Model:
    """(batch, size_px, size_px, 3) float -1..1 to patch scores (batch, n, n, 1), unbounded."""
    normal = keras.initializers.RandomNormal(stddev=0.02)
    inputs = keras.Input((size_px, size_px, 3), name="image")
    x = inputs
    for index in range(strided_layers):
        x = layers.Conv2D(filters * 2**index, 4, 2, padding="same", kernel_initializer=normal)(x)
        x = InstanceNorm()(x) if index else x  # no norm on the first: it would hide colour
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Conv2D(filters * 2**strided_layers, 4, padding="same", use_bias=False, kernel_initializer=normal)(x)
    x = layers.LeakyReLU(0.2)(InstanceNorm()(x))
    scores = layers.Conv2D(1, 4, padding="same", kernel_initializer=normal, dtype="float32")(x)
    return keras.Model(inputs, scores, name=name)
