"""How far generated pictures are from a target domain, beside what real pictures reach. NumPy arithmetic alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from facetoon.edge_runtime.errors import InputError

Encoder = Callable[[np.ndarray], np.ndarray]
"""uint8 RGB pictures (n, size, size, 3) to features (n, d); one that no loss uses."""

Distance = Callable[..., float]
"""Of two sets of rows."""

LEAST_PICTURES = 16
FEW_PICTURES = 100  # below it luck decides much: the user is told
HALVINGS = 8  # of the targets, for the floor
GROUPS = 10  # of the jackknife
STUDENT_T = 2.262  # 97.5 % of Student's t with GROUPS - 1 degrees of freedom: ten groups say little of their own spread
BLUR = np.array([1, 4, 6, 4, 1], np.float32) / 16


@dataclass(frozen=True)
class Measure:
    """One distance to the target, with what brackets it; all in the distance's own unit, lower is nearer."""

    value: float
    interval: tuple[float, float]
    """95 % interval of the value."""
    floor: float
    """Between two disjoint halves of the real targets, mean of several halvings."""
    floor_range: tuple[float, float]
    """The least and the most of these halvings: what luck alone makes of two sets of this size."""
    ceiling: float
    """From the untouched sources to the targets."""

    @property
    def normalized(self) -> float:
        """0 at the floor, 1 at the ceiling; NaN where the ceiling is not above the floor."""
        return self._of_span(self.value)

    @property
    def normalized_interval(self) -> tuple[float, float]:
        """The interval in the same unit; floor and ceiling count as known."""
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
    """Share of pictures that a linear classifier on the features, fitted to sources and targets, takes for sources."""
    images: int
    """Pictures in each set of the Frechet and Wasserstein distances, which depend on it."""


MEASURES = ("kid", "frechet", "swd", "believed")


@dataclass(frozen=True)
class Change:
    """What some treatment of generated pictures, such as int8 arithmetic, did to their KID."""

    reference: float
    changed: float
    interval: tuple[float, float]
    """95 % interval of the difference, changed - reference. Above 0 as a whole: the treatment cost likeness."""

    @property
    def difference(self) -> float:
        """Above 0: further from the targets than before."""
        return self.changed - self.reference


def score(fakes: np.ndarray, targets: np.ndarray, sources: np.ndarray, encoder: Encoder, seed: int = 0) -> Scores:
    """Score `fakes` against `targets`, all uint8 RGB (n, size, size, 3); `sources` are the pictures translated.

    KID is unbiased and takes all pictures. The Frechet and Wasserstein distances shrink as sets grow, so all of theirs
    are between sets of the same number, half of the targets at most.
    Raises InputError when a set is too small or of another shape.
    """
    count = _check(fakes, targets, sources)
    random = np.random.default_rng(seed)
    made_rows, before_rows = (random.permutation(len(pictures))[:count] for pictures in (fakes, sources))
    halves = [np.split(random.permutation(len(targets))[: 2 * count], 2) for _ in range(HALVINGS)]

    def measure(distance: Distance, looks: list[np.ndarray], equal: bool) -> Measure:
        made, real, before = looks
        floors = [distance(real[a], real[b]) for a, b in halves]
        if equal:
            made, real, before = made[made_rows], real[halves[0][0]], before[before_rows]
        interval = jackknife_interval(distance, [made, real], random)
        lowest, highest = min(floors), max(floors)
        ceiling = distance(before, real)
        return Measure(distance(made, real), interval, float(np.mean(floors)), (lowest, highest), ceiling)

    features = [_encode(encoder, pictures) for pictures in (fakes, targets, sources)]
    textures = [patches(pictures, seed) for pictures in (fakes, targets, sources)]
    return Scores(
        measure(kid, features, equal=False),
        measure(frechet_distance, features, equal=True),
        measure(sliced_wasserstein, textures, equal=True),
        _believed(*features),
        count,
    )


def kid_change(
    reference: np.ndarray, changed: np.ndarray, targets: np.ndarray, encoder: Encoder, seed: int = 0
) -> Change:
    """How much further from `targets` the pictures `changed` are than `reference`, both made of the same sources.

    All are uint8 RGB (n, size, size, 3), `changed[i]` and `reference[i]` of one source: what luck gave the one it gave
    the other, so the interval of the difference is far narrower than that of either. Raises InputError as `score`.
    """
    if len(reference) != len(changed):
        raise InputError(f"{len(changed)} changed pictures do not match {len(reference)} of the reference.")
    _check(reference, targets, changed)
    before, after, real = (_encode(encoder, pictures) for pictures in (reference, changed, targets))

    def difference(both: np.ndarray, real: np.ndarray) -> float:
        return kid(both[:, 1], real) - kid(both[:, 0], real)

    interval = jackknife_interval(difference, [np.stack([before, after], axis=1), real], np.random.default_rng(seed))
    return Change(kid(before, real), kid(after, real), interval)


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


def jackknife_interval(distance: Distance, sets: list[np.ndarray], random: np.random.Generator) -> tuple[float, float]:
    """95 % interval of `distance(*sets)` by leaving out a tenth of each set at a time (Quenouille, Tukey).

    Drawing with replacement, as the bootstrap does, would show a distance the same picture twice and bias it.
    """
    groups = [np.array_split(random.permutation(len(x)), GROUPS) for x in sets]
    left = [
        distance(*(np.delete(x, out, 0) for x, out in zip(sets, outs, strict=True)))
        for outs in zip(*groups, strict=True)
    ]
    error = STUDENT_T * np.sqrt((GROUPS - 1) / GROUPS * np.sum((np.array(left) - np.mean(left)) ** 2))
    value = distance(*sets)
    return float(value - error), float(value + error)


def _believed(made: np.ndarray, real: np.ndarray, before: np.ndarray) -> Measure:
    """Least squares on every second picture of sources and targets; the others give floor and ceiling."""

    def with_one(x: np.ndarray) -> np.ndarray:
        return np.column_stack([(x - centre) / scale, np.ones(len(x))])

    both = np.concatenate([before[::2], real[::2]])
    centre, scale = both.mean(0), both.std(0) + 1e-6
    x, y = with_one(both), np.repeat([1.0, -1.0], [len(before[::2]), len(real[::2])])
    weight = np.where(y > 0, 1 / (y > 0).sum(), 1 / (y < 0).sum())[:, None]
    plane = np.linalg.solve(x.T @ (weight * x) + 0.01 * np.eye(x.shape[1]), x.T @ (weight[:, 0] * y))

    def taken_for_sources(features: np.ndarray) -> int:
        return int((with_one(features) @ plane > 0).sum())

    share = taken_for_sources(made) / len(made)
    held, held_sources = real[1::2], before[1::2]
    floor = taken_for_sources(held)
    return Measure(
        share,
        wilson_interval(taken_for_sources(made), len(made)),
        floor / len(held),
        wilson_interval(floor, len(held)),
        taken_for_sources(held_sources) / len(held_sources),
    )


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), which is not empty where there are no hits at all."""
    z2 = 1.96**2
    share = hits / count
    middle, width = share + z2 / (2 * count), 1.96 * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    low, high = (middle - width) / (1 + z2 / count), (middle + width) / (1 + z2 / count)
    return max(float(low), 0.0), min(float(high), 1.0)


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
    if a.shape[1] <= min(len(a), len(b)):
        return frechet_of_gaussians(a.mean(0), np.cov(a, rowvar=False), b.mean(0), np.cov(b, rowvar=False))
    # More features than pictures, such as Inception's 2,048: the same from an (n, m) matrix, without (d, d) ones.
    x, y = ((z - z.mean(0)) / np.sqrt(len(z) - 1) for z in (a, b))
    cross = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + (x * x).sum() + (y * y).sum() - 2 * cross)


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
