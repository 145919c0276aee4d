import numpy as np
import pytest

from benchmarks.intervals import Times, interleaved, is_regression, percentile, ratio_interval


@pytest.mark.parametrize(
    ("samples", "expected"),
    [(range(1, 101), (50, 95, 99)), ((7.5,), (7.5, 7.5, 7.5)), ((1, 2, 3, 1000), (2, 1000, 1000))],
)
def test_percentiles_are_nearest_rank(samples, expected):
    assert tuple(percentile(list(samples), q) for q in (0.5, 0.95, 0.99)) == expected


def test_times_pool_the_rounds_and_keep_each_median():
    times = Times.of([[1.0, 2.0, 9.0], [3.0], [5.0, 4.0]])
    assert (times.count, times.min_ms, times.p50_ms, times.p99_ms) == (6, 1.0, 3.0, 9.0)
    assert times.round_p50_ms == (2.0, 3.0, 4.0)
    assert times.best_round_p50_ms == 2.0


def test_interleaving_has_every_item_in_every_round_and_moves_the_first():
    rounds = interleaved("abc", 4)
    assert ["".join(order) for order in rounds] == ["abc", "bca", "cab", "abc"]


def test_ratio_of_equal_rounds_is_one_without_width():
    assert ratio_interval([2.0] * 7, [2.0] * 7) == (1.0, 1.0, 1.0)


def test_interval_covers_the_true_ratio_about_as_often_as_it_says():
    random = np.random.default_rng(1)
    hits = 0
    for _ in range(100):
        before, after = random.normal(10, 0.3, 9), random.normal(11, 0.3, 9)
        _, low, high = ratio_interval(before, after, draws=500)
        hits += low <= 1.1 <= high
    assert hits >= 85


@pytest.mark.parametrize(
    ("ratio", "low", "expected"), [(1.2, 1.1, True), (1.2, 0.98, False), (1.04, 1.02, False), (0.8, 0.7, False)]
)
def test_a_regression_is_sure_and_beyond_the_tolerance(ratio, low, expected):
    assert is_regression(ratio, low, 0.05) is expected
