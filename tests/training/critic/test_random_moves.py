from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.training.critic.random_moves import move


def test_a_moved_picture_keeps_its_colour_and_changes_its_place():
    plain = np.full((3, 32, 32, 3), 0.25, np.float32)
    seed = keras.random.SeedGenerator(1)
    np.testing.assert_allclose(np.asarray(move(plain, seed)), plain, atol=1e-5)
    spot = np.zeros((3, 32, 32, 3), np.float32)
    spot[:, 14:18, 14:18] = 1
    moved = np.asarray(move(spot, seed))
    assert not np.allclose(moved, spot, atol=0.1)
    assert not np.allclose(moved[0], moved[1], atol=0.1)
