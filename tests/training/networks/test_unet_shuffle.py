from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.networks.teacher import InstanceNorm
from facetoon.training.networks.unet_shuffle import FastInstanceNorm, PixelShuffle


def test_four_channels_become_a_square():
    x = np.arange(2 * 2 * 8, dtype=np.float32).reshape(1, 2, 2, 8)
    shuffled = np.asarray(PixelShuffle()(x))
    assert shuffled.shape == (1, 4, 4, 2)
    assert np.array_equal(shuffled[0, :2, :2].reshape(8), x[0, 0, 0])


def test_the_fast_norm_agrees_with_the_plain_one():
    x = np.random.default_rng(1).normal(3, 2, (2, 16, 16, 4)).astype("float32")
    np.testing.assert_allclose(FastInstanceNorm(epsilon=1e-5)(x), InstanceNorm()(x), atol=1e-4)
