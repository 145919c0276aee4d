"""Scores a set of generated pictures: each distance to the target, with its floor and its ceiling."""

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
    swd: Measure
    believed: Measure
    """Share of pictures that a linear classifier, fitted to features of sources and targets, takes for sources."""
    images: int
    """Pictures in each set of the Frechet and Wasserstein distances, whose values depend on this number."""


MEASURES = ("kid", "frechet", "swd", "believed")


@dataclass(frozen=True)
class Change:
    """The change of KID by a treatment of the generated pictures, such as int8 arithmetic."""

    reference: float
    changed: float
    interval: tuple[float, float]
    """95 % interval of changed - reference. If all of it is above 0, the treatment made the pictures worse."""

    @property
    def difference(self) -> float:
        """Changed - reference. Above 0 the pictures are further from the targets than before."""
        return self.changed - self.reference


def score(fakes: np.ndarray, targets: np.ndarray, sources: np.ndarray, encoder: Encoder, seed: int = 0) -> Scores:
    """Score `fakes` against `targets`, all uint8 RGB (n, size, size, 3); `sources` are the untranslated pictures.

    KID is unbiased and takes all pictures. The Frechet and Wasserstein distances shrink as sets grow, so they always
    compare sets of equal size, at most half of the targets.
    Raises InputError when a set is too small or of another shape.
    """
    count = _check(fakes, targets, sources)
    random = np.random.default_rng(seed)
    fake_rows, source_rows = (random.permutation(len(pictures))[:count] for pictures in (fakes, sources))
    halves = [np.split(random.permutation(len(targets))[: 2 * count], 2) for _ in range(HALVINGS)]

    def measure(distance: Distance, rows: list[np.ndarray], equal: bool) -> Measure:
        fake, real, source = rows
        floors = [distance(real[a], real[b]) for a, b in halves]
        if equal:
            fake, real, source = fake[fake_rows], real[halves[0][0]], source[source_rows]
        interval = confidence_intervals.jackknife_interval(distance, [fake, real], random)
        lowest, highest = min(floors), max(floors)
        ceiling = distance(source, real)
        return Measure(distance(fake, real), interval, float(np.mean(floors)), (lowest, highest), ceiling)

    features = [_encode(encoder, pictures) for pictures in (fakes, targets, sources)]
    textures = [distances.patches(pictures, seed) for pictures in (fakes, targets, sources)]
    return Scores(
        measure(distances.kid, features, equal=False),
        measure(distances.frechet_distance, features, equal=True),
        measure(distances.sliced_wasserstein, textures, equal=True),
        _believed(*features),
        count,
    )


def kid_change(
    reference: np.ndarray, changed: np.ndarray, targets: np.ndarray, encoder: Encoder, seed: int = 0
) -> Change:
    """Measure by how much the KID of `changed` to `targets` exceeds the KID of `reference`.

    All are uint8 RGB (n, size, size, 3). `changed[i]` and `reference[i]` come from one source, so chance moves both
    equally, and the difference has a far narrower interval than either KID. Raises InputError as `score` does.
    """
    if len(reference) != len(changed):
        raise InputError(f"{len(changed)} changed pictures do not match {len(reference)} of the reference.")
    _check(reference, targets, changed)
    plain, treated, real = (_encode(encoder, pictures) for pictures in (reference, changed, targets))

    def difference(both: np.ndarray, real: np.ndarray) -> float:
        return distances.kid(both[:, 1], real) - distances.kid(both[:, 0], real)

    interval = confidence_intervals.jackknife_interval(
        difference, [np.stack([plain, treated], axis=1), real], np.random.default_rng(seed)
    )
    return Change(distances.kid(plain, real), distances.kid(treated, real), interval)


def _check(fakes: np.ndarray, targets: np.ndarray, sources: np.ndarray) -> int:
    for name, pictures in (("fakes", fakes), ("targets", targets), ("sources", sources)):
        if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[1:] != targets.shape[1:]:
            raise InputError(
                f"The {name} are {pictures.dtype} {pictures.shape}; they must be uint8 (n, *{targets.shape[1:]})."
            )
    count = min(len(fakes), len(sources), len(targets) // 2)
    if count < LEAST_PICTURES:
        raise InputError(
            f"{len(fakes)} fakes, {len(sources)} sources and {len(targets)} targets are too few to score: "
            f"{LEAST_PICTURES}, {LEAST_PICTURES} and {2 * LEAST_PICTURES} are the least."
        )
    return count


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
