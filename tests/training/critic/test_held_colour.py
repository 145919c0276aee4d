from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.critic.held_colour import held, to_lab
from facetoon.training.recipes.parts import HoldRecipe


def test_lab_agrees_with_opencv():
    colours = np.random.default_rng(2).uniform(0, 1, (8, 8, 3)).astype(np.float32)
    ours = np.asarray(to_lab(2 * colours - 1))
    np.testing.assert_allclose(ours, cv2.cvtColor(colours, cv2.COLOR_RGB2LAB), atol=0.6)


def test_only_a_change_of_the_colour_costs():
    photo = np.full((1, 32, 32, 3), -0.2, np.float32)
    masks = np.zeros((1, 32, 32, 3), np.float32)
    masks[:, :16, :, 0], masks[:, 16:24, :, 1] = 1, 1

    def parts(fake):
        return {name: float(value) for name, value in held(fake, photo, masks, HoldRecipe(cells=4)).items()}

    assert max(parts(photo).values()) < 1e-3
    red = photo.copy()
    red[:, 24:, :, 0] = 0.5  # neither skin nor hair
    assert parts(red)["skin"] < 1e-3
    assert parts(red)["rest"] > 0.05
    red[:, :16, :, 0] = 0.5
    assert parts(red)["skin"] > 0.1


def test_a_fringe_over_less_than_the_free_share_costs_nothing():
    photo = np.full((1, 32, 32, 3), 0.4, np.float32)
    masks = np.zeros((1, 32, 32, 3), np.float32)
    masks[..., 0] = 1
    fringe = photo.copy()
    fringe[:, :8] = -0.9

    def skin(fake, kept_share):
        parts = held(fake, photo, masks, HoldRecipe(cells=8, kept_share=kept_share, light_slack=0.0))
        return float(parts["light"])

    assert skin(fringe, 0.6) < 1e-3
    assert skin(fringe, 0.9) > 0.02
