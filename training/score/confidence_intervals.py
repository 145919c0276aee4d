"""Computes 95 % confidence intervals of measured values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

GROUPS = 10  # of the jackknife
STUDENT_T = 2.262  # 97.5 % of Student's t with GROUPS - 1 degrees of freedom: ten groups estimate their spread roughly


def jackknife_interval(
    distance: Callable[..., float], sets: list[np.ndarray], random: np.random.Generator
) -> tuple[float, float]:
    """Return the interval of `distance(*sets)`, leaving out a tenth of each set in turn (Quenouille 1956, Tukey 1958).

    Each set is an array with one row for each picture. The bootstrap draws with replacement, so a distance would see
    the same picture twice and be biased.
    """
    groups = [np.array_split(random.permutation(len(x)), GROUPS) for x in sets]
    values = [
        distance(*(np.delete(x, rows, 0) for x, rows in zip(sets, left_out, strict=True)))
        for left_out in zip(*groups, strict=True)
    ]
    error = STUDENT_T * np.sqrt((GROUPS - 1) / GROUPS * np.sum((np.array(values) - np.mean(values)) ** 2))
    value = distance(*sets)
    return float(value - error), float(value + error)


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """Return the interval of the share `hits` / `count` (Wilson 1927). It has a width even without a hit."""
    z2 = 1.96**2
    share = hits / count
    middle, width = share + z2 / (2 * count), 1.96 * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    low, high = (middle - width) / (1 + z2 / count), (middle + width) / (1 + z2 / count)
    return max(float(low), 0.0), min(float(high), 1.0)
