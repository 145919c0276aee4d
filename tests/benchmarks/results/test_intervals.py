import numpy as np
import pytest

from facetoon.benchmarks.results.intervals import Times, interleaved, percentile, ratio_interval, verdict


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
    ("low", "high", "expected"),
    [
        (1.06, 1.30, "REGRESSION"),
        (1.04, 1.30, "undecided"),  # slower for sure, but perhaps by less than two runs differ
        (1.01, 1.04, "no difference"),
        (0.958, 0.987, "no difference"),  # seen between two runs of the same code
        (0.93, 0.97, "undecided"),
        (0.70, 0.94, "faster"),
        (0.50, 2.00, "undecided"),
    ],
)
def test_only_an_interval_wholly_beyond_the_tolerance_is_a_difference(low, high, expected):
    assert verdict(low, high, 0.05).startswith(expected)


def test_runs_that_differ_by_their_processes_alone_are_no_regression():
    random, found = np.random.default_rng(2), []
    for _ in range(100):  # each run is off by 1.5 % of its own, its rounds by 0.3 %, as on an idle machine
        runs = [10 * random.normal(1, 0.015) * random.normal(1, 0.003, 7) for _ in range(2)]
        found.append(verdict(*ratio_interval(*runs, draws=300)[1:], 0.05))
    assert found.count("REGRESSION") <= 2
    assert sum(text.startswith("no difference") for text in found) >= 80
