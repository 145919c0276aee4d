from __future__ import annotations

import numpy as np
import pytest

from facetoon.training.score import confidence_intervals, distances


def test_the_interval_covers_the_true_distance():
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(60):
        a, b = random.normal(size=(60, 1)), random.normal(1, 1, (60, 1))
        low, high = confidence_intervals.jackknife_interval(lambda x, y: float(y.mean() - x.mean()), [a, b], random)
        covered += low <= 1 <= high
    assert covered >= 53  # 57 expected of 60, and less than 53 once in 200 times


def test_the_interval_of_kid_covers_what_thousands_of_pictures_would_give():
    random = np.random.default_rng(2)
    true = distances.kid(random.normal(size=(3000, 4)), random.normal(0.4, 1.2, (3000, 4)))
    covered = 0
    for _ in range(60):
        low, high = confidence_intervals.jackknife_interval(
            distances.kid, [random.normal(size=(40, 4)), random.normal(0.4, 1.2, (40, 4))], random
        )
        covered += low <= true <= high
    assert covered >= 51


def test_wilson_interval_is_the_published_one():
    low, high = confidence_intervals.wilson_interval(8, 10)  # Newcombe 1998 gives such tables
    assert (low, high) == (pytest.approx(0.490, abs=1e-3), pytest.approx(0.943, abs=1e-3))
    assert confidence_intervals.wilson_interval(0, 50)[1] > 0.05
