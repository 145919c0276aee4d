"""Keeps a photograph's colours in style transfer, in the two ways of Gatys et al. 2016, "Preserving Color".

Pictures are RGB uint8 (height, width, 3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels import Image

LUMA = np.array([0.299, 0.587, 0.114])  # shares of R, G and B in ITU-R BT.601; its chroma serves as well as YIQ's


def luminance(image: Image) -> NDArray[np.float64]:
    """Return the luminance (h, w, 1), float64 0..255."""
    return (image @ LUMA)[..., np.newaxis]


def as_grey(image: Image) -> Image:
    """Return the picture's luminance in all three channels."""
    return np.repeat(_grey_levels(luminance(image)), 3, -1)


def match_luminance(style: Image, photo: Image) -> Image:
    """Give the grey style the mean and standard deviation of the photograph's luminance."""
    grey, target = luminance(style), luminance(photo)
    moved = (grey - grey.mean()) * (target.std() / max(grey.std(), 1e-3)) + target.mean()
    return np.repeat(_grey_levels(moved), 3, -1)


def with_chroma_of(photo: Image, painted: Image) -> Image:
    """Combine the luminance of `painted` with the chroma of `photo`, both of one size."""
    return _grey_levels(photo + (luminance(painted) - luminance(photo)))


def match_colours(style: Image, photo: Image) -> Image:
    """Give the style the photograph's mean colour and covariance, by the linear map of square roots.

    Image Analogies (Hertzmann et al. 2001) uses the same map. A map of Cholesky factors would change hues more.
    """
    colours, target = style.reshape(-1, 3).astype(np.float64), photo.reshape(-1, 3).astype(np.float64)
    matrix = _square_root(_covariance(target)) @ np.linalg.inv(_square_root(_covariance(colours)))
    return _grey_levels((colours - colours.mean(0)) @ matrix.T + target.mean(0)).reshape(style.shape)


def _covariance(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.cov(colours.T) + np.eye(3)  # plus one grey level, since a grey picture's covariance cannot be inverted


def _square_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values)) @ vectors.T


def _grey_levels(values: NDArray[np.float64]) -> Image:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
