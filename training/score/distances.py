"""Distances between two sets of pictures by their features, in NumPy."""

from __future__ import annotations

import numpy as np


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
