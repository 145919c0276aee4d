"""The distances against values known in closed form, and the order of damage."""

import numpy as np
import pytest
from facetoon.edge_runtime.errors import InputError
from facetoon.training.score import distances


def means(pictures: np.ndarray) -> np.ndarray:
    """A stand-in encoder: the mean of each quarter of the picture in each channel, (n, 12)."""
    half = pictures.shape[1] // 2
    parts = pictures.reshape(len(pictures), 2, half, 2, half, 3) / 255
    return np.asarray(parts.mean((2, 4)).reshape(len(pictures), -1))


def drawn(count: int, level: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.clip(random.normal(level, 25, (count, 16, 16, 3)), 0, 255).astype(np.uint8)


def test_frechet_of_gaussians_is_the_closed_form():
    a, b = np.diag([4.0, 9.0]), np.diag([1.0, 16.0])
    # commuting: |difference|^2 + sum (sigma_a - sigma_b)^2
    assert distances.frechet_of_gaussians(np.zeros(2), a, np.array([3.0, 4.0]), b) == pytest.approx(25 + 1 + 1)
    # cov_a = 4 I leaves cov_b free to be full: trace(4 I + b - 4 b^1/2)
    full = np.array([[2.0, 1.0], [1.0, 2.0]])
    assert distances.frechet_of_gaussians(np.zeros(2), 4 * np.eye(2), np.zeros(2), full) == pytest.approx(
        8 + 4 - 4 * (3**0.5 + 1)
    )


def test_kid_of_one_distribution_is_unbiased():
    random = np.random.default_rng(0)
    values = [distances.kid(random.normal(size=(40, 8)), random.normal(size=(40, 8))) for _ in range(300)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 300**0.5
    assert min(values) < 0 < max(values)
    assert distances.kid(random.normal(size=(40, 8)), random.normal(1, 1, (40, 8))) > 10 * np.std(values)


def test_sliced_wasserstein_of_a_shift_in_one_dimension_is_the_shift():
    points = np.random.default_rng(0).normal(size=(25, 2, 2, 1))
    assert distances.sliced_wasserstein(points, points + 0.25) == pytest.approx(0.25)
    assert distances.sliced_wasserstein(points, points[::-1]) == 0


def test_the_interval_covers_the_true_distance():
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(60):
        a, b = random.normal(size=(60, 1)), random.normal(1, 1, (60, 1))
        low, high = distances.jackknife_interval(lambda x, y: float(y.mean() - x.mean()), [a, b], random)
        covered += low <= 1 <= high
    assert covered >= 53  # 57 expected of 60, and less than 53 once in 200 times


def test_the_interval_of_kid_covers_what_thousands_of_pictures_would_give():
    random = np.random.default_rng(2)
    true = distances.kid(random.normal(size=(3000, 4)), random.normal(0.4, 1.2, (3000, 4)))
    covered = 0
    for _ in range(60):
        low, high = distances.jackknife_interval(
            distances.kid, [random.normal(size=(40, 4)), random.normal(0.4, 1.2, (40, 4))], random
        )
        covered += low <= true <= high
    assert covered >= 51


def test_frechet_of_more_features_than_pictures_is_the_same():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(20, 40)), random.normal(0.3, 1.5, (24, 40))
    wide = distances.frechet_of_gaussians(a.mean(0), np.cov(a, rowvar=False), b.mean(0), np.cov(b, rowvar=False))
    assert distances.frechet_distance(a, b) == pytest.approx(wide, rel=1e-6)


def test_wilson_interval_is_the_published_one():
    low, high = distances.wilson_interval(8, 10)  # Newcombe 1998 gives such tables
    assert (low, high) == (pytest.approx(0.490, abs=1e-3), pytest.approx(0.943, abs=1e-3))
    assert distances.wilson_interval(0, 50)[1] > 0.05


def test_a_change_of_kid_is_told_far_more_surely_than_kid_itself():
    targets, reference = drawn(80, 170, 0), drawn(60, 150, 1)
    darker = (reference - reference.astype(np.uint16) // 50).astype(np.uint8)
    change = distances.kid_change(reference, darker, targets, means)
    assert 0 < change.interval[0] < change.difference < change.interval[1]
    scores = distances.score(darker, targets, drawn(60, 80, 2), means)
    assert change.changed == pytest.approx(scores.kid.value)
    assert np.diff(change.interval) < np.diff(scores.kid.interval) / 2
    same = distances.kid_change(reference, reference, targets, means)
    assert (same.difference, same.interval) == (0, (0, 0))
    with pytest.raises(InputError, match="do not match"):
        distances.kid_change(reference, darker[:40], targets, means)


def test_every_interval_holds_its_value():
    scores = distances.score(drawn(60, 140, 2), drawn(120, 170, 0), drawn(60, 80, 1), means)
    for measure in (scores.kid, scores.frechet, scores.swd, scores.believed):
        assert measure.interval[0] <= measure.value <= measure.interval[1]
        assert measure.floor_range[0] <= measure.floor <= measure.floor_range[1]
        assert measure.normalized_interval[0] <= measure.normalized <= measure.normalized_interval[1]


def test_patches_are_of_every_level_down_to_16_px():
    assert distances.patches(drawn(2, 100, 0).repeat(4, 1).repeat(4, 2)).shape == (2, 3, 16, 147)


def test_more_damage_scores_higher_between_floor_and_ceiling():
    targets, sources = drawn(120, 170, 0), drawn(60, 80, 1)
    normalized = [distances.score(drawn(60, level, 2), targets, sources, means) for level in (168, 140, 100)]
    for measure in ("kid", "frechet", "swd"):
        ladder = [getattr(scores, measure).normalized for scores in normalized]
        assert ladder == sorted(ladder)
        assert ladder[0] < 0.1
        assert 0.4 < ladder[2] < 1


def test_lost_detail_shows_in_the_sliced_wasserstein_distance():
    targets = drawn(80, 128, 0)
    flat = np.full((40, 16, 16, 3), 128, np.uint8)
    scores = distances.score(drawn(40, 128, 1), targets, flat, means)
    assert scores.swd.normalized < 0.1
    assert scores.swd.ceiling > 5 * scores.swd.floor


def test_the_same_seed_gives_the_same_scores():
    sets = drawn(20, 120, 2), drawn(40, 170, 0), drawn(20, 80, 1)
    assert distances.score(*sets, means) == distances.score(*sets, means)


def test_unfit_pictures_are_refused():
    with pytest.raises(InputError, match="too few"):
        distances.score(drawn(4, 1, 0), drawn(40, 1, 0), drawn(20, 1, 0), means)
    with pytest.raises(InputError, match="fakes are float64"):
        distances.score(drawn(20, 1, 0) / 255, drawn(40, 1, 0), drawn(20, 1, 0), means)
    with pytest.raises(InputError, match="encoder made"):
        distances.score(drawn(20, 1, 0), drawn(40, 1, 0), drawn(20, 1, 0), lambda pictures: pictures)
