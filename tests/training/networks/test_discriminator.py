from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.training.networks.discriminator import SpectralConv2D, build_discriminator
from facetoon.training.recipes.parts import DiscriminatorRecipe

RANDOM = np.random.default_rng(3)


IMAGES = RANDOM.uniform(-1, 1, (4, 16, 16, 3)).astype("float32")


@pytest.mark.parametrize(("scales", "cam"), [(1, False), (2, False), (1, True), (2, True)])
def test_discriminators_have_a_head_for_each_scale_and_map(scales, cam):
    heads = build_discriminator(DiscriminatorRecipe(4, 2, scales, "none", True, cam), 16, "d")(IMAGES)
    assert len(heads if isinstance(heads, list) else [heads]) == scales * (1 + cam)


def test_a_discriminator_may_be_told_the_style():
    told = build_discriminator(DiscriminatorRecipe(4, 2, 2, "none"), 16, "d", styles=2)
    one, other = (told([IMAGES, np.tile(np.float32([style]), (len(IMAGES), 1))]) for style in ([1, 0], [0, 1]))
    assert len(one) == 2
    assert all(not np.allclose(a, b) for a, b in zip(one, other, strict=True))


def test_spectral_norm_brings_the_largest_singular_value_to_one():
    layer = SpectralConv2D(8, 3, padding="same", use_bias=False)
    layer.build((None, 16, 16, 3))
    layer.kernel.assign(RANDOM.normal(0, 2, (3, 3, 3, 8)))
    for _ in range(30):
        layer(IMAGES, training=True)
    matrix = np.asarray(layer.kernel).reshape(-1, 8)
    by_hand = keras.ops.conv(IMAGES, np.asarray(layer.kernel) / np.linalg.norm(matrix, 2), padding="same")
    assert np.allclose(layer(IMAGES), by_hand, atol=1e-4)
