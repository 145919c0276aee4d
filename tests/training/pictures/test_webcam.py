from __future__ import annotations

import numpy as np

from facetoon.training.pictures.batches import batch_at
from facetoon.training.pictures.images import ImageSet
from facetoon.training.pictures.webcam import as_webcam
from facetoon.training.recipes.recipe import load_recipe


def photo(side_px=64):
    y, x = np.mgrid[:side_px, :side_px] / side_px
    return np.rint(255 * np.stack([x, y, 0.5 + 0.3 * np.sin(20 * x)], -1)).astype(np.uint8)


def test_each_frame_is_another_and_none_is_unlike_the_photograph():
    frames = [as_webcam(photo(), np.random.default_rng(seed)) for seed in range(40)]
    assert all(frame.shape == (64, 64, 3) and frame.dtype == np.uint8 for frame in frames)
    away = [np.abs(frame.astype(float) - photo()).mean() for frame in frames]
    assert min(away) < 2 < 15 < max(away) < 60


def test_the_same_seed_gives_the_same_frame():
    first, second = (as_webcam(photo(), np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)


def test_only_the_students_photograph_looks_like_a_webcams():
    pictures = np.stack([photo(), 255 - photo()])[None].repeat(4, 0)
    lesson = {"taught": ImageSet(pictures, np.zeros(4, int), "")}
    small = ["data.size_px=32", "batch_size=4", "data.photo_colour_jitter=0.0", "distill.webcam_share="]
    clean, shabby = (
        batch_at(1, lesson, load_recipe("styles_64", [*small[:3], small[3] + share])) for share in ("0.0", "1.0")
    )
    assert np.array_equal(clean[1], shabby[1])
    assert np.abs(clean[0] - shabby[0]).mean() > 0.02


def test_masks_keep_their_values_while_colours_change():
    pictures = np.full((4, 2, 40, 40, 4), 100, np.uint8)
    pictures[..., 3] = [[[0]], [[255]]]  # of the photograph its features, of the cartoon its matte
    lesson = {"taught": ImageSet(pictures, np.zeros(4, int), "")}
    photos, targets = batch_at(1, lesson, load_recipe("styles_64", ["data.size_px=32", "batch_size=4"]))
    assert photos.shape == (4, 32, 32, 3)
    assert targets.shape == (4, 32, 32, 5)
    assert np.all(targets[..., 3] == 1)
    assert np.all(targets[..., 4] == -1)
    assert np.ptp(targets[..., :3]) > 0.05
