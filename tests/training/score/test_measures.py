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


def test_a_change_of_kid_is_told_far_more_surely_than_kid_itself():
    targets, reference = drawn(80, 170, 0), drawn(60, 150, 1)
    darker = (reference - reference.astype(np.uint16) // 50).astype(np.uint8)
    change = measures.kid_change(reference, darker, targets, means)
    assert 0 < change.interval[0] < change.difference < change.interval[1]
    scores = measures.score(darker, targets, drawn(60, 80, 2), means)
    assert change.changed == pytest.approx(scores.kid.value)
    assert np.diff(change.interval) < np.diff(scores.kid.interval) / 2
    same = measures.kid_change(reference, reference, targets, means)
    assert (same.difference, same.interval) == (0, (0, 0))
    with pytest.raises(InputError, match="do not match"):
        measures.kid_change(reference, darker[:40], targets, means)


def test_every_interval_holds_its_value():
    scores = measures.score(drawn(60, 140, 2), drawn(120, 170, 0), drawn(60, 80, 1), means)
    for measure in (scores.kid, scores.frechet, scores.swd, scores.believed):
        assert measure.interval[0] <= measure.value <= measure.interval[1]
        assert measure.floor_range[0] <= measure.floor <= measure.floor_range[1]
        assert measure.normalized_interval[0] <= measure.normalized <= measure.normalized_interval[1]


def test_more_damage_scores_higher_between_floor_and_ceiling():
    targets, sources = drawn(120, 170, 0), drawn(60, 80, 1)
    normalized = [measures.score(drawn(60, level, 2), targets, sources, means) for level in (168, 140, 100)]
    for measure in ("kid", "frechet", "swd"):
        ladder = [getattr(scores, measure).normalized for scores in normalized]
        assert ladder == sorted(ladder)
        assert ladder[0] < 0.1
        assert 0.4 < ladder[2] < 1


def test_lost_detail_shows_in_the_sliced_wasserstein_distance():
    targets = drawn(80, 128, 0)
    flat = np.full((40, 16, 16, 3), 128, np.uint8)
    scores = measures.score(drawn(40, 128, 1), targets, flat, means)
    assert scores.swd.normalized < 0.1
    assert scores.swd.ceiling > 5 * scores.swd.floor


def test_the_same_seed_gives_the_same_scores():
    sets = drawn(20, 120, 2), drawn(40, 170, 0), drawn(20, 80, 1)
    assert measures.score(*sets, means) == measures.score(*sets, means)


def test_unfit_pictures_are_refused():
    with pytest.raises(InputError, match="too few"):
        measures.score(drawn(4, 1, 0), drawn(40, 1, 0), drawn(20, 1, 0), means)
    with pytest.raises(InputError, match="fakes are float64"):
        measures.score(drawn(20, 1, 0) / 255, drawn(40, 1, 0), drawn(20, 1, 0), means)
    with pytest.raises(InputError, match="encoder turned"):
        measures.score(drawn(20, 1, 0), drawn(40, 1, 0), drawn(20, 1, 0), lambda pictures: pictures)
