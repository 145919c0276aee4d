from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.training.recipes.recipe import load_recipe
from facetoon.training.trainers.adversary import Adversary

RANDOM = np.random.default_rng(3)


IMAGES = RANDOM.uniform(-1, 1, (4, 16, 16, 3)).astype("float32")


SMALL = ["data.size_px=16", "generator.filters=4", "generator.blocks=1", "discriminator.filters=4"]
SMALL += ["discriminator.layers=2", "optimizer.pool_size=0", "batch_size=4"]


def test_gradient_penalty_is_the_squared_slope():
    """Against finite differences of the discriminator itself."""
    recipe = load_recipe("face_toon_64", [*SMALL, "loss.gradient_penalty_weight=2"])
    side = Adversary(recipe, "d", 1)
    noise = RANDOM.normal(size=(400, *IMAGES.shape)).astype("float32") * 1e-2
    moved = [
        float(np.mean(side.discriminator(IMAGES[:1] + n[:1])) - np.mean(side.discriminator(IMAGES[:1]))) for n in noise
    ]
    assert float(side._gradient_penalty(keras.ops.convert_to_tensor(IMAGES[:1]))) == pytest.approx(
        np.mean(np.square(moved)) / 1e-4, rel=0.3
    )
