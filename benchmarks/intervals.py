"""The arithmetic of measuring: percentiles over rounds, intervals by bootstrap, and the regression verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


@dataclass(frozen=True)
class Times:
    """Milliseconds, nearest rank, over `count` runs in `len(round_p50_ms)` rounds."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    min_ms: float
    best_round_p50_ms: float
    """The least disturbed round's median: the steadiest figure of a machine that has other work."""
    round_p50_ms: tuple[float, ...]

    @staticmethod
    def of(rounds: Sequence[Sequence[float]]) -> Times:
        """Of the samples of each round; to the nanosecond, which is all the clock knows."""
        pooled = sorted(ms for samples in rounds for ms in samples)
        medians = tuple(round(percentile(sorted(samples), 0.5), 6) for samples in rounds)
        p50, p95, p99 = (round(percentile(pooled, q), 6) for q in (0.5, 0.95, 0.99))
        return Times(len(pooled), p50, p95, p99, round(pooled[0], 6), min(medians), medians)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank: always a value that was measured."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def interleaved(items: Sequence[Item], rounds: int) -> list[list[Item]]:
    """The order of each round: every item once, starting one further each time, so that drift hits all alike."""
    return [[items[(start + n) % len(items)] for n in range(len(items))] for start in range(rounds)]


def ratio_interval(before: Sequence[float], after: Sequence[float], draws: int = 4000) -> tuple[float, float, float]:
    """Ratio of the medians of round medians, after to before, with a 95 % bootstrap interval over the rounds."""
    generator = np.random.default_rng(0)  # the same files give the same verdict
    a, b = np.asarray(before, float), np.asarray(after, float)
    medians = [np.median(values[generator.integers(0, len(values), (draws, len(values)))], axis=1) for values in (a, b)]
    low, high = np.percentile(medians[1] / medians[0], (2.5, 97.5))
    return float(np.median(b) / np.median(a)), float(low), float(high)


def is_regression(ratio: float, low: float, tolerance: float) -> bool:
    """Slower for sure (the interval lies above 1) and by more than the tolerance as far as can be told."""
    return low > 1 and ratio > 1 + tolerance
