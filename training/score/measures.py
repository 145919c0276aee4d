"""Scores a set of generated pictures by features: each distance to the target, with its floor and its ceiling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.training.score import confidence_intervals, distances

Encoder = Callable[[np.ndarray], np.ndarray]
"""Maps uint8 RGB pictures (n, size, size, 3) to features (n, d). No loss may use it."""

Distance = Callable[..., float]
"""Distance of two arrays with one row for each picture."""

LEAST_PICTURES = 16
FEW_PICTURES = 100  # with fewer, chance has a large effect, and the user is warned
HALVINGS = 8  # of the targets, for the floor


@dataclass(frozen=True)
class Measure:
    """One distance to the target, with floor and ceiling, all in the distance's own unit. Lower is nearer."""

    value: float
    interval: tuple[float, float]
    """95 % interval of the value."""
    floor: float
    """The distance between two disjoint halves of the real targets, averaged over several halvings."""
    floor_range: tuple[float, float]
    """Least and greatest value of these halvings: the spread of sets of this size by chance alone."""
    ceiling: float
    """The distance of the untouched sources to the targets."""

    @property
    def normalized(self) -> float:
        """The value scaled to 0 at the floor and 1 at the ceiling. NaN if the ceiling is not above the floor."""
        return self._of_span(self.value)

    @property
    def normalized_interval(self) -> tuple[float, float]:
        """The interval on the same scale. Floor and ceiling count as exact."""
        low, high = (self._of_span(value) for value in self.interval)
        return low, high

    def _of_span(self, value: float) -> float:
        span = self.ceiling - self.floor
        return (value - self.floor) / span if span > 0 else float("nan")


@dataclass(frozen=True)
class Scores:
    """The distances of one set of generated pictures."""

    kid: Measure
    frechet: Measure
    believed: Measure
    """Share of pictures that a linear classifier, fitted to features of sources and targets, takes for sources."""
    images: int
    """Pictures in each set of the Frechet distance, whose value depends on this number."""


MEASURES = ("kid", "frechet", "believed")


class RealPictures:
    """The features of the real pictures, which stay the same for every generator that is scored."""

    def __init__(self, targets: np.ndarray, sources: np.ndarray, encoder: Encoder, seed: int = 0) -> None:
        """Encode real `targets` and untranslated `sources`, uint8 RGB (n, side, side, 3). InputError for too few."""
        _check_count(len(sources), len(targets))
        self._encoder, self._seed = encoder, seed
        self._targets, self._sources = _encode(encoder, targets), _encode(encoder, sources)
        random = np.random.default_rng(seed)
        half = len(targets) // 2
        self._halves = [np.split(random.permutation(len(targets))[: 2 * half], 2) for _ in range(HALVINGS)]

    def score(self, fakes: np.ndarray) -> Scores:
        """Score generated pictures, uint8 RGB (n, side, side, 3), against the targets.

        KID is unbiased and takes all pictures. The Frechet distance shrinks as sets grow, so it always compares sets
        of equal size, at most half of the targets. Raises InputError for too few pictures.
        """
        _check_count(min(len(fakes), len(self._sources)), len(self._targets))
        features, real, sources = _encode(self._encoder, fakes), self._targets, self._sources
        count = min(len(fakes), len(sources), len(real) // 2)
        random = np.random.default_rng(self._seed)
        fake_rows, source_rows = (random.permutation(len(x))[:count] for x in (features, sources))
        target_rows = self._halves[0][0][:count]
        return Scores(
            self._measure(distances.kid, features, real, sources, len(real) // 2),
            self._measure(
                distances.frechet_distance, features[fake_rows], real[target_rows], sources[source_rows], count
            ),
            _believed(features, real, sources),
            count,
        )

    def _measure(
        self, distance: Distance, fake: np.ndarray, real: np.ndarray, source: np.ndarray, half: int
    ) -> Measure:
        """Measure one distance; `half` is the number of pictures in each half of the targets, for the floor."""
        floors = [distance(self._targets[a[:half]], self._targets[b[:half]]) for a, b in self._halves]
        random = np.random.default_rng(self._seed)
        interval = confidence_intervals.jackknife_interval(distance, [fake, real], random)
        return Measure(
            distance(fake, real),
            interval,
            float(np.mean(floors)),
            (min(floors), max(floors)),
            distance(source, real),
        )


def _check_count(sources: int, targets: int) -> None:
    if min(sources, targets // 2) < LEAST_PICTURES:
        raise InputError(
            f"{sources} pictures and {targets} targets are too few to score: {LEAST_PICTURES} and "
            f"{2 * LEAST_PICTURES} are the least."
        )


def _encode(encoder: Encoder, pictures: np.ndarray) -> np.ndarray:
    features = np.asarray(encoder(pictures), np.float64)
    if features.ndim != 2 or len(features) != len(pictures):
        raise InputError(f"The encoder turned {len(pictures)} pictures into {features.shape}, not (n, features).")
    return features


def _believed(fakes: np.ndarray, targets: np.ndarray, sources: np.ndarray) -> Measure:
    """Fit least squares to every second picture of sources and targets; the others give floor and ceiling."""

    def with_one(x: np.ndarray) -> np.ndarray:
        return np.column_stack([(x - centre) / scale, np.ones(len(x))])

    both = np.concatenate([sources[::2], targets[::2]])
    centre, scale = both.mean(0), both.std(0) + 1e-6
    x, y = with_one(both), np.repeat([1.0, -1.0], [len(sources[::2]), len(targets[::2])])
    weight = np.where(y > 0, 1 / (y > 0).sum(), 1 / (y < 0).sum())[:, None]
    plane = np.linalg.solve(x.T @ (weight * x) + 0.01 * np.eye(x.shape[1]), x.T @ (weight[:, 0] * y))

    def taken_for_sources(features: np.ndarray) -> int:
        return int((with_one(features) @ plane > 0).sum())

    hits, held_targets, held_sources = taken_for_sources(fakes), targets[1::2], sources[1::2]
    floor_hits = taken_for_sources(held_targets)
    return Measure(
        hits / len(fakes),
        confidence_intervals.wilson_interval(hits, len(fakes)),
        floor_hits / len(held_targets),
        confidence_intervals.wilson_interval(floor_hits, len(held_targets)),
        taken_for_sources(held_sources) / len(held_sources),
    )
