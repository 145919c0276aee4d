from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.training.critic.diff_augment import augment

RANDOM = np.random.default_rng(3)


IMAGES = RANDOM.uniform(-1, 1, (4, 16, 16, 3)).astype("float32")


@pytest.mark.parametrize("policy", ["colour", "translation", "cutout", "colour,translation,cutout"])
def test_augmentation_changes_every_picture_its_own_way(policy):
    same = np.repeat(IMAGES[:1], 8, axis=0)
    out = np.asarray(augment(same, policy, keras.random.SeedGenerator(1)))
    assert out.shape == same.shape
    assert len({image.tobytes() for image in out}) >= 5
    if policy == "cutout":
        assert 0.05 < np.mean(out == 0) < 0.3  # a quarter, less what falls outside
        assert np.all((out == 0) | (out == same))
