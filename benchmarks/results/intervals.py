"""Arithmetic of measurements: percentiles over rounds, bootstrap intervals, and the verdict on a regression."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
REGRESSION = "REGRESSION"


@dataclass(frozen=True)
class Times:
    """Percentiles in milliseconds, by nearest rank, of `count` runs in `len(round_p50_ms)` rounds."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    min_ms: float
    best_round_p50_ms: float
    """Median of the least disturbed round: the steadiest figure on a machine with other work."""
    round_p50_ms: tuple[float, ...]

    @staticmethod
    def of(rounds: Sequence[Sequence[float]]) -> Times:
        """Compute the percentiles of each round's samples, rounded to a nanosecond, the clock's resolution."""
        pooled = sorted(ms for samples in rounds for ms in samples)
        medians = tuple(round(percentile(sorted(samples), 0.5), 6) for samples in rounds)
        p50, p95, p99 = (round(percentile(pooled, q), 6) for q in (0.5, 0.95, 0.99))
        return Times(len(pooled), p50, p95, p99, round(pooled[0], 6), min(medians), medians)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return a percentile by nearest rank, which is always a measured value. `ordered` is sorted."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def interleaved(items: Sequence[Item], rounds: int) -> list[list[Item]]:
    """Return each round's order: every item once, from the next start each time, so that drift affects all alike."""
    return [[items[(start + n) % len(items)] for n in range(len(items))] for start in range(rounds)]


def ratio_interval(before: Sequence[float], after: Sequence[float], draws: int = 4000) -> tuple[float, float, float]:
    """Return ratio, low and high: medians of the round medians, after over before, with a 95 % bootstrap interval.

    The rounds of a run share its processes and memory layout, so the interval misses differences between runs.
    """
    generator = np.random.default_rng(0)  # seeded: the same files give the same verdict
    a, b = np.asarray(before, float), np.asarray(after, float)
    medians = [np.median(values[generator.integers(0, len(values), (draws, len(values)))], axis=1) for values in (a, b)]
    low, high = np.percentile(medians[1] / medians[0], (2.5, 97.5))
    return float(np.median(b) / np.median(a)), float(low), float(high)


def verdict(low: float, high: float, tolerance: float) -> str:
    """Judge an interval of ratios after / before against the band 1 / (1 + tolerance) to 1 + tolerance.

    The tolerance stands for the difference between two runs of the same code, which no single run shows. So an interval
    wholly outside the band is a difference, one wholly inside it is none, and any other is undecided.
    """
    slowest = 1 + tolerance
    if low > slowest:
        return REGRESSION
    if high < 1 / slowest:
        return "faster"
    if 1 / slowest <= low and high <= slowest:
        return "no difference beyond the tolerance"
    return "undecided: the interval reaches beyond the tolerance; take more --rounds"
