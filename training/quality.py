"""How far generated pictures are from a target domain, beside what real pictures reach. NumPy arithmetic alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from edge_runtime.errors import InputError

Encoder = Callable[[np.ndarray], np.ndarray]
"""uint8 RGB pictures (n, size, size, 3) to features (n, d); one that no loss uses."""

Distance = Callable[[np.ndarray, np.ndarray], float]

LEAST_PICTURES = 16
HALVINGS = 8  # of the targets, for the floor
GROUPS = 10  # of the jackknife
BLUR = np.array([1, 4, 6, 4, 1], np.float32) / 16


@dataclass(frozen=True)
class Measure:
    """One distance to the target, with what brackets it; all in the distance's own unit, lower is nearer."""

    value: float
    interval: tuple[float, float]
    """95 % jackknife interval of the value."""
    floor: float
    """Between two disjoint halves of the real targets, mean of several halvings."""
    ceiling: float
    """From the untouched sources to the targets."""

    @property
    def normalized(self) -> float:
        """0 at the floor, 1 at the ceiling; NaN where the ceiling is not above the floor."""
        span = self.ceiling - self.floor
        return (self.value - self.floor) / span if span > 0 else float("nan")


@dataclass(frozen=True)
class Scores:
    """The distances of one set of generated pictures."""

    kid: Measure
    frechet: Measure
    swd: Measure
    believed: Measure
    """Share of pictures that a linear classifier on the features, fitted to sources and targets, takes for sources."""
    images: int
    """Pictures in each set of every comparison: the Frechet distance depends on it."""


def score(fakes: np.ndarray, targets: np.ndarray, sources: np.ndarray, encoder: Encoder, seed: int = 0) -> Scores:
    """Score `fakes` against `targets`, all uint8 RGB (n, size, size, 3); `sources` are the pictures translated.

    Every comparison takes the same number of pictures, half of the targets at most, because the Frechet distance is
    biased by the number. Raises InputError when a set is too small or of another shape.
    """
    count = _check(fakes, targets, sources)
    random = np.random.default_rng(seed)
    made, before = (pictures[random.permutation(len(pictures))[:count]] for pictures in (fakes, sources))
    halves = [random.permutation(len(targets))[: 2 * count] for _ in range(HALVINGS)]

    def measure(distance: Distance, of: Callable[[np.ndarray], np.ndarray]) -> Measure:
        drawn, untouched, real = of(made), of(before), of(targets)
        floor = np.mean([distance(real[half[:count]], real[half[count:]]) for half in halves])
        met = real[halves[0][:count]]
        interval = jackknife_interval(distance, drawn, met, random)
        return Measure(distance(drawn, met), interval, float(floor), distance(untouched, met))

    features = cache(encoder)
    return Scores(
        measure(kid, features),
        measure(frechet_distance, features),
        measure(sliced_wasserstein, partial(patches, seed=seed)),
        _believed(features(made), features(before), features(targets)),
        count,
    )


def _check(fakes: np.ndarray, targets: np.ndarray, sources: np.ndarray) -> int:
    for name, pictures in (("fakes", fakes), ("targets", targets), ("sources", sources)):
        if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[1:] != targets.shape[1:]:
            raise InputError(
                f"The {name} are {pictures.dtype} {pictures.shape}; uint8 (n, *{targets.shape[1:]}) is scored."
            )
    count = min(len(fakes), len(sources), len(targets) // 2)
    if count < LEAST_PICTURES:
        raise InputError(
            f"{len(fakes)} fakes, {len(sources)} sources and {len(targets)} targets are too few to score: "
            f"{LEAST_PICTURES}, {LEAST_PICTURES} and {2 * LEAST_PICTURES} are the least."
        )
    return count


def cache(encoder: Encoder) -> Encoder:
    """The same encoder, which looks at each array of pictures once."""
    seen: dict[int, np.ndarray] = {}

    def encode(pictures: np.ndarray) -> np.ndarray:
        if id(pictures) not in seen:
            features = np.asarray(encoder(pictures), np.float64)
            if features.ndim != 2 or len(features) != len(pictures):
                raise InputError(
                    f"The encoder made {features.shape} of {len(pictures)} pictures; (n, features) is needed."
                )
            seen[id(pictures)] = features
        return seen[id(pictures)]

    return encode


def jackknife_interval(
    distance: Distance, a: np.ndarray, b: np.ndarray, random: np.random.Generator
) -> tuple[float, float]:
    """95 % interval by leaving out a tenth of both sets at a time (Quenouille, Tukey).

    Drawing with replacement, as the bootstrap does, would put one picture on both sides of a distance and bias it.
    """
    groups_a, groups_b = (np.array_split(random.permutation(len(x)), GROUPS) for x in (a, b))
    left = [
        distance(np.delete(a, out_a, 0), np.delete(b, out_b, 0))
        for out_a, out_b in zip(groups_a, groups_b, strict=True)
    ]
    error = np.sqrt((GROUPS - 1) / GROUPS * np.sum((np.array(left) - np.mean(left)) ** 2))
    value = distance(a, b)
    return float(value - 1.96 * error), float(value + 1.96 * error)


def _believed(made: np.ndarray, before: np.ndarray, real: np.ndarray) -> Measure:
    """Least squares on every second picture of sources and targets; the others give floor and ceiling."""

    def with_one(x: np.ndarray) -> np.ndarray:
        return np.column_stack([(x - centre) / scale, np.ones(len(x))])

    both = np.concatenate([before[::2], real[::2]])
    centre, scale = both.mean(0), both.std(0) + 1e-6
    x, y = with_one(both), np.repeat([1.0, -1.0], [len(before[::2]), len(real[::2])])
    weight = np.where(y > 0, 1 / (y > 0).sum(), 1 / (y < 0).sum())[:, None]
    plane = np.linalg.solve(x.T @ (weight * x) + 0.01 * np.eye(x.shape[1]), x.T @ (weight[:, 0] * y))

    def taken_for_sources(features: np.ndarray) -> float:
        return float((with_one(features) @ plane > 0).mean())

    share = taken_for_sources(made)
    error = 1.96 * np.sqrt(share * (1 - share) / len(made))
    interval = (max(share - error, 0.0), min(share + error, 1.0))
    return Measure(share, interval, taken_for_sources(real[1::2]), taken_for_sources(before[1::2]))


def kid(a: np.ndarray, b: np.ndarray) -> float:
    """Kernel inception distance of features (n, d) and (m, d): the unbiased MMD^2 of a cubic kernel, so it may be < 0.

    Binkowski et al., Demystifying MMD GANs, 2018.
    """

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray((x @ y.T / x.shape[1] + 1) ** 3)

    def within(x: np.ndarray) -> float:
        k = kernel(x, x)
        return float((k.sum() - np.trace(k)) / (len(x) * (len(x) - 1)))

    return within(a) + within(b) - 2 * float(kernel(a, b).mean())


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Frechet distance of the Gaussians fitted to features (n, d) and (m, d) (Heusel et al., 2017)."""
    return frechet_of_gaussians(a.mean(0), np.cov(a, rowvar=False), b.mean(0), np.cov(b, rowvar=False))


def frechet_of_gaussians(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """|mean_a - mean_b|^2 + tr(cov_a + cov_b - 2 (cov_a cov_b)^1/2), of means (d,) and covariances (d, d)."""
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_b @ root), 0, None)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


def sliced_wasserstein(a: np.ndarray, b: np.ndarray, projections: int = 64) -> float:
    """Mean distance of the sorted projections of patches (n, levels, k, d) on random directions, mean of the levels."""
    directions = np.random.default_rng(0).normal(size=(a.shape[-1], projections)).astype(a.dtype)
    directions /= np.linalg.norm(directions, axis=0)
    lines = [np.sort((x @ directions).swapaxes(0, 1).reshape(x.shape[1], -1, projections), axis=1) for x in (a, b)]
    return float(np.abs(lines[0] - lines[1]).mean())


def patches(pictures: np.ndarray, seed: int = 0, per_picture: int = 16) -> np.ndarray:
    """7x7 patches (n, levels, per_picture, 147) of the Laplacian pyramid down to 16 px, in grey levels.

    Karras et al., Progressive Growing of GANs, 2018; unscaled, so that a change of contrast counts.
    """
    random, levels, image = np.random.default_rng(seed), [], pictures.astype(np.float32)
    while True:
        blurred = _blurred(image)
        last = image.shape[1] < 2 * 16
        band = image if last else image - blurred
        tops = random.integers(0, image.shape[1] - 6, (per_picture, 2))
        levels.append(np.stack([band[:, y : y + 7, x : x + 7].reshape(len(band), -1) for y, x in tops], axis=1))
        if last:
            return np.stack(levels, axis=1)
        image = blurred[:, ::2, ::2]


def _blurred(image: np.ndarray) -> np.ndarray:
    for axis in (1, 2):
        padded = np.pad(image, [(2, 2) if a == axis else (0, 0) for a in range(4)], mode="reflect")
        size = image.shape[axis]
        image = sum(w * np.take(padded, range(i, i + size), axis) for i, w in enumerate(BLUR))  # type: ignore[assignment]
    return image
