from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.networks.tensor_resampling import middle, resized, shifted


def test_a_shift_moves_the_picture_and_continues_its_border():
    x = np.random.default_rng(2).uniform(-0.5, 0.5, (1, 32, 32, 3)).astype("float32")
    moved = np.asarray(shifted(x, np.array([0, 2]), 1))
    assert np.array_equal(moved[:, 1:, :-1], x[:, :-1, 1:])
    assert np.array_equal(np.asarray(shifted(x, np.array([1, 1]), 1)), x)


def test_a_whole_factor_takes_means_and_another_one_stays_in_range():
    x = np.random.default_rng(2).uniform(-1, 1, (2, 12, 12, 3)).astype("float32")
    means = x.reshape(2, 6, 2, 6, 2, 3).mean((2, 4))
    np.testing.assert_allclose(resized(x, 6), means, atol=1e-6)
    assert resized(x, 12) is x
    larger = np.asarray(resized(x, 16))
    assert larger.shape == (2, 16, 16, 3)
    assert np.abs(larger).max() <= 1


def test_the_middle_of_pictures():
    x = np.random.default_rng(2).uniform(-1, 1, (2, 12, 12, 3)).astype("float32")
    assert np.array_equal(middle(x, 8), x[:, 2:10, 2:10])
