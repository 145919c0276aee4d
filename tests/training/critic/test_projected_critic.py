from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.critic.projected_critic import ProjectedCritic
from facetoon.training.recipes.recipe import load_recipe

PICTURES = np.random.default_rng(3).uniform(-1, 1, (2, 64, 64, 3)).astype("float32")


@pytest.fixture
def critic(features_file):
    sizes = ["discriminator.projected_filters=8", "discriminator.pixel_filters=4", "discriminator.look_px=32"]
    return ProjectedCritic(load_recipe("anime_critic_128", sizes), features_file, "disc_b", seed=1)


def test_large_pictures_are_seen_at_look_px(critic):
    assert [tuple(m.shape) for m in critic.look(PICTURES)] == [(2, 8, 8, 8), (2, 4, 4, 8), (2, 2, 2, 8), (2, 1, 1, 8)]


def test_all_maps_have_about_one_size(critic):
    sizes = [float(np.sqrt(np.mean(np.square(m)))) for m in critic.look(PICTURES)]
    assert max(sizes) < 10 * min(sizes)


def test_the_losses_are_finite_and_no_checkpoint_holds_the_features(critic, feature_arrays):
    maps = critic.look(PICTURES)
    assert np.isfinite(float(critic.generator_loss(maps, PICTURES)))
    assert float(critic.discriminator_loss(maps, PICTURES, critic.look(-PICTURES), -PICTURES)) > 0
    stem = feature_arrays["stem/kernel"].shape
    assert stem not in {tuple(variable.shape) for variable in critic.variables}
    trainable = {id(variable) for variable in critic.trainable_variables}
    assert trainable < {id(variable) for variable in critic.variables}
