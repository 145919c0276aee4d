"""The order of damage, on drawn pictures and a stand-in encoder."""

from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.score import measures


def means(pictures: np.ndarray) -> np.ndarray:
    """A stand-in encoder: the mean of each quarter of the picture in each channel, (n, 12)."""
    half = pictures.shape[1] // 2
    parts = pictures.reshape(len(pictures), 2, half, 2, half, 3) / 255
    return np.asarray(parts.mean((2, 4)).reshape(len(pictures), -1))


def drawn(count: int, level: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.clip(random.normal(level, 25, (count, 16, 16, 3)), 0, 255).astype(np.uint8)


def test_every_interval_holds_its_value():
    scores = measures.RealPictures(drawn(120, 170, 0), drawn(60, 80, 1), means).score(drawn(60, 140, 2))
    for measure in (scores.kid, scores.frechet, scores.believed):
        assert measure.interval[0] <= measure.value <= measure.interval[1]
        assert measure.floor_range[0] <= measure.floor <= measure.floor_range[1]
        assert measure.normalized_interval[0] <= measure.normalized <= measure.normalized_interval[1]


def test_more_damage_scores_higher_between_floor_and_ceiling():
    real = measures.RealPictures(drawn(120, 170, 0), drawn(60, 80, 1), means)
    normalized = [real.score(drawn(60, level, 2)) for level in (168, 140, 100)]
    for measure in ("kid", "frechet"):
        ladder = [getattr(scores, measure).normalized for scores in normalized]
        assert ladder == sorted(ladder)
        assert ladder[0] < 0.1
        assert 0.4 < ladder[2] < 1


def test_the_same_seed_gives_the_same_scores():
    fakes, targets, sources = drawn(20, 120, 2), drawn(40, 170, 0), drawn(20, 80, 1)
    real = measures.RealPictures(targets, sources, means)
    assert real.score(fakes) == real.score(fakes) == measures.RealPictures(targets, sources, means).score(fakes)


def test_unfit_pictures_are_refused():
    real = measures.RealPictures(drawn(40, 1, 0), drawn(20, 1, 0), means)
    with pytest.raises(InputError, match="4 pictures and 40 targets are too few"):
        real.score(drawn(4, 1, 0))
    with pytest.raises(InputError, match="20 pictures and 20 targets are too few"):
        measures.RealPictures(drawn(20, 1, 0), drawn(20, 1, 0), means)
    with pytest.raises(InputError, match="encoder turned"):
        measures.RealPictures(drawn(40, 1, 0), drawn(20, 1, 0), lambda pictures: pictures)
