"""Distances between two sets of pictures, by features or by texture, in NumPy."""

from __future__ import annotations

import numpy as np

BLUR = np.array([1, 4, 6, 4, 1], np.float32) / 16
SMALLEST_PX = 16  # side of the last level of the Laplacian pyramid


def kid(a: np.ndarray, b: np.ndarray) -> float:
    """Kernel inception distance (Binkowski et al. 2018) of features (n, d) and (m, d).

    It is the squared MMD with a cubic kernel. The estimate is unbiased, so it may fall below 0.
    """

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray((x @ y.T / x.shape[1] + 1) ** 3)

    def within(x: np.ndarray) -> float:
        k = kernel(x, x)
        return float((k.sum() - np.trace(k)) / (len(x) * (len(x) - 1)))

    return within(a) + within(b) - 2 * float(kernel(a, b).mean())


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Frechet distance (Heusel et al. 2017) between Gaussians fitted to features (n, d) and (m, d)."""
    if a.shape[1] <= min(len(a), len(b)):
        return frechet_of_gaussians(a.mean(0), np.cov(a, rowvar=False), b.mean(0), np.cov(b, rowvar=False))
    # With more features than pictures, as from Inception, an (n, m) matrix gives the same value and is smaller.
    x, y = ((z - z.mean(0)) / np.sqrt(len(z) - 1) for z in (a, b))
    cross = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + (x * x).sum() + (y * y).sum() - 2 * cross)


def frechet_of_gaussians(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """|mean_a - mean_b|^2 + tr(cov_a + cov_b - 2 (cov_a cov_b)^1/2) of means (d,) and covariances (d, d)."""
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_b @ root), 0, None)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


def sliced_wasserstein(a: np.ndarray, b: np.ndarray, projections: int = 64) -> float:
    """Sliced Wasserstein distance (Rabin et al. 2011) of patches (n, levels, k, d), averaged over the levels.

    It is the mean distance between sorted projections on `projections` random directions.
    """
    directions = np.random.default_rng(0).normal(size=(a.shape[-1], projections)).astype(a.dtype)
    directions /= np.linalg.norm(directions, axis=0)
    lines = [np.sort((x @ directions).swapaxes(0, 1).reshape(x.shape[1], -1, projections), axis=1) for x in (a, b)]
    return float(np.abs(lines[0] - lines[1]).mean())


def patches(pictures: np.ndarray, seed: int = 0, per_picture: int = 16) -> np.ndarray:
    """Cut pictures (n, size, size, 3), uint8 RGB, into 7x7 patches (n, levels, per_picture, 147), float32 grey levels.

    The patches come from every level of the Laplacian pyramid down to 16 px, as in Karras et al. 2018. They are not
    normalized, so a change of contrast counts.
    """
    random, levels, image = np.random.default_rng(seed), [], pictures.astype(np.float32)
    while True:
        blurred = _blurred(image)
        last = image.shape[1] < 2 * SMALLEST_PX
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
