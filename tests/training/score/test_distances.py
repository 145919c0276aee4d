"""The distances against values known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from facetoon.training.score import distances


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


def test_frechet_of_more_features_than_pictures_is_the_same():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(20, 40)), random.normal(0.3, 1.5, (24, 40))
    wide = distances.frechet_of_gaussians(a.mean(0), np.cov(a, rowvar=False), b.mean(0), np.cov(b, rowvar=False))
    assert distances.frechet_distance(a, b) == pytest.approx(wide, rel=1e-6)
