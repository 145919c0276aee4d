"""How far generated pictures are from a target domain, beside what real pictures reach. NumPy arithmetic alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_runtime.errors import InputError

Encoder = Callable[[np.ndarray], np.ndarray]
"""uint8 RGB pictures (n, size, size, 3) to features (n, d); one that no loss uses."""

LEAST_PICTURES = 16
BLUR = np.array([1, 4, 6, 4, 1], np.float32) / 16


@dataclass(frozen=True)
class Measure:
    """One distance to the target, with what brackets it; all in the distance's own unit, lower is nearer."""

    value: float
    interval: tuple[float, float]
    """95 % bootstrap interval of the value."""
    floor: float
    """Between two disjoint halves of the real targets."""
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
    images: int
    """Pictures in each set of every comparison: the Frechet distance depends on it."""


def score(
    fakes: np.ndarray, targets: np.ndarray, sources: np.ndarray, encoder: Encoder, seed: int = 0, resamples: int = 200
) -> Scores:
    """Score `fakes` against `targets`, all uint8 RGB (n, size, size, 3); `sources` are the pictures translated.

    Every comparison takes the same number of pictures, half of the targets at most, because the Frechet distance is
    biased by the number: the fakes and sources face one half of the targets, the floor is that half and the other.
    The sliced Wasserstein distance is resampled 20 times at most, for its cost.
    Raises InputError when a set is too small or of another shape.
    """
    count = _check(fakes, targets, sources)
    random = np.random.default_rng(seed)
    shuffled = targets[random.permutation(len(targets))]
    real, held = shuffled[:count], shuffled[count : 2 * count]
    made = fakes[random.permutation(len(fakes))[:count]]
    before = sources[random.permutation(len(sources))[:count]]
    features = [_encode(encoder, pictures) for pictures in (made, held, before, real)]
    patches = [_patches(pictures, seed) for pictures in (made, held, before, real)]

    def sliced(a: np.ndarray, b: np.ndarray) -> float:
        return sliced_wasserstein(a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1]), seed)

    return Scores(
        _measure(kid, features, random, resamples),
        _measure(frechet_distance, features, random, resamples),
        _measure(sliced, patches, random, min(resamples, 20)),
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


def _encode(encoder: Encoder, pictures: np.ndarray) -> np.ndarray:
    features = np.asarray(encoder(pictures), np.float64)
    if features.ndim != 2 or len(features) != len(pictures):
        raise InputError(f"The encoder made {features.shape} of {len(pictures)} pictures; (n, features) is needed.")
    return features


def _measure(
    distance: Callable[[np.ndarray, np.ndarray], float],
    sets: list[np.ndarray],
    random: np.random.Generator,
    resamples: int,
) -> Measure:
    made, held, before, real = sets
    value = distance(made, real)
    interval = bootstrap_interval(distance, made, real, random, resamples)
    return Measure(value, interval, distance(held, real), distance(before, real))


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


def sliced_wasserstein(a: np.ndarray, b: np.ndarray, seed: int = 0, projections: int = 64) -> float:
    """Mean distance of the sorted projections of points (n, d) and (n, d) on random directions."""
    directions = np.random.default_rng(seed).normal(size=(a.shape[1], projections)).astype(a.dtype)
    directions /= np.linalg.norm(directions, axis=0)
    return float(np.abs(np.sort(a @ directions, axis=0) - np.sort(b @ directions, axis=0)).mean())


def _patches(pictures: np.ndarray, seed: int, per_picture: int = 16) -> np.ndarray:
    """7x7 patches (n, per_picture, 147) of the Laplacian band at full size, unscaled: a change of contrast counts.

    Karras et al., Progressive Growing of GANs, 2018; the finest band alone, where blur and noise show.
    """
    unit = pictures.astype(np.float32) / 255
    blurred = unit
    for axis in (1, 2):
        padded = np.pad(blurred, [(2, 2) if a == axis else (0, 0) for a in range(4)], mode="reflect")
        size = unit.shape[axis]
        blurred = sum(w * np.take(padded, range(i, i + size), axis) for i, w in enumerate(BLUR))  # type: ignore[assignment]
    band = unit - blurred
    tops = np.random.default_rng(seed).integers(0, unit.shape[1] - 6, (per_picture, 2))
    return np.stack([band[:, y : y + 7, x : x + 7].reshape(len(band), -1) for y, x in tops], axis=1)


def bootstrap_interval(
    distance: Callable[[np.ndarray, np.ndarray], float],
    a: np.ndarray,
    b: np.ndarray,
    random: np.random.Generator,
    resamples: int,
) -> tuple[float, float]:
    """95 % basic bootstrap interval: both sets are drawn again with replacement.

    Reflected about the value (the basic bootstrap), since repeated pictures push every resampled distance up.
    """
    value = distance(a, b)
    drawn = [
        distance(a[random.integers(len(a), size=len(a))], b[random.integers(len(b), size=len(b))])
        for _ in range(resamples)
    ]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(2 * value - high), float(2 * value - low)
