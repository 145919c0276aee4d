"""Differentiable augmentation (Zhao et al. 2020) of the pictures that a discriminator sees, real and fake alike.

A discriminator learns a few hundred cartoons by heart, so it must never see the same picture twice. The fakes are
changed in the same way, so the generator does not learn the changes.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def augment(images: Any, policy: str, seed: keras.random.SeedGenerator) -> Any:
    """Change each of the pictures (batch, side, side, 3), float -1..1, at random.

    `policy` names the changes, separated by commas: "colour", "translation", "cutout".
    """
    for name in filter(None, policy.split(",")):
        images = CHANGES[name](images, seed)
    return images


def _uniform(images: Any, low: float, high: float, seed: keras.random.SeedGenerator) -> Any:
    return keras.random.uniform((ops.shape(images)[0], 1, 1, 1), low, high, seed=seed)


def colour(images: Any, seed: keras.random.SeedGenerator) -> Any:
    """Change brightness, saturation and contrast of each picture."""
    images = images + _uniform(images, -0.5, 0.5, seed)
    grey = ops.mean(images, axis=3, keepdims=True)
    images = (images - grey) * _uniform(images, 0.0, 2.0, seed) + grey
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return (images - mean) * _uniform(images, 0.5, 1.5, seed) + mean


def translation(images: Any, seed: keras.random.SeedGenerator) -> Any:
    """Shift each picture by up to an eighth of the side, filling with zeros. Shift matrices are fast anywhere."""
    side = images.shape[1]
    most = side // 8
    for axes in ("bij,bjwc->biwc", "bij,bhjc->bhic"):
        shift = ops.floor(_uniform(images, -most, most + 1, seed)[:, 0, 0, 0])
        rows = ops.arange(side, dtype="float32")
        matrix = ops.equal(rows[None, None, :], rows[None, :, None] + shift[:, None, None])
        images = ops.einsum(axes, ops.cast(matrix, images.dtype), images)
    return images


def cutout(images: Any, seed: keras.random.SeedGenerator) -> Any:
    """Set a square of half the side, centred anywhere in the picture, to grey."""
    side = images.shape[1]
    rows = ops.arange(side, dtype="float32")
    inside = []
    for shape in ((1, side, 1, 1), (1, 1, side, 1)):
        centre = _uniform(images, 0, side, seed)
        inside.append(ops.abs(ops.reshape(rows, shape) - centre) < side / 4)
    return images * ops.cast(ops.logical_not(ops.logical_and(*inside)), images.dtype)


CHANGES = {"colour": colour, "translation": translation, "cutout": cutout}
