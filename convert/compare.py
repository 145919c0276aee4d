"""Compare a model file with the float generator that it came from, picture by picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_runtime import pixels
from edge_runtime.errors import InputError
from edge_runtime.pixels import Image
from edge_runtime.session import Session

IDENTICAL_DB = 100.0  # stands for the infinite PSNR of equal pictures, which JSON and means cannot hold
BATCH = 20


@dataclass(frozen=True)
class Scores:
    """How close the file's pictures are to the float generator's."""

    psnr_mean_db: float
    psnr_5th_percentile_db: float
    psnr_min_db: float
    ssim_mean: float
    largest_error_levels: int
    """Of any pixel of any picture, in grey levels."""


@dataclass(frozen=True)
class Comparison:
    """Scores, and the pictures they were measured on: uint8 RGB (n, side, side, 3) each, worst PSNR first."""

    scores: Scores
    inputs: Image
    expected: Image
    actual: Image


def compare(session: Session, generator: Any, inputs: Image) -> Comparison:
    """Run `inputs`, uint8 RGB (n, side, side, 3), through both and score the difference.

    The session's answer is what a device shows: uint8. The float generator's output is quantized to uint8 too, by
    pixels.from_unit, since that is the best any file could show; so a score says what the file adds to that rounding.
    """
    expected = _float_pictures(generator, inputs)
    actual = np.stack([session.run(image) for image in inputs])
    psnrs = np.array([psnr_db(e, a) for e, a in zip(expected, actual, strict=True)])
    ssims = [ssim(e, a) for e, a in zip(expected, actual, strict=True)]
    scores = Scores(
        psnr_mean_db=float(psnrs.mean()),
        psnr_5th_percentile_db=float(np.percentile(psnrs, 5)),
        psnr_min_db=float(psnrs.min()),
        ssim_mean=float(np.mean(ssims)),
        largest_error_levels=int(cv2.absdiff(expected, actual).max()),
    )
    order = np.argsort(psnrs, kind="stable")
    return Comparison(scores, inputs[order], expected[order], actual[order])


def psnr_db(expected: Image, actual: Image) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures; IDENTICAL_DB for equal ones."""
    mean_square = float(np.mean((expected.astype(np.float64) - actual) ** 2))
    return 10 * float(np.log10(255**2 / mean_square)) if mean_square else IDENTICAL_DB


def ssim(expected: Image, actual: Image) -> float:
    """Structural similarity (Wang et al. 2004) of two uint8 pictures of at least 11x11, meaned over the channels.

    Gaussian window of 11x11, sigma 1.5, only where it lies wholly inside the picture.
    """
    x, y = expected.astype(np.float64), actual.astype(np.float64)
    mean_x, mean_y = _window(x), _window(y)
    variance_x, variance_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return float(np.mean(luminance * structure))


def _window(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return cv2.GaussianBlur(values, (11, 11), 1.5)[5:-5, 5:-5]


def _float_pictures(generator: Any, inputs: Image) -> Image:
    starts = range(0, len(inputs), BATCH)
    values = np.concatenate(
        [np.asarray(generator(pixels.to_unit(inputs[i : i + BATCH]), training=False)) for i in starts]
    )
    if not np.isfinite(values).all():
        raise InputError(f"The generator {generator.name} gives values that are not numbers: its training has failed.")
    return pixels.from_unit(values)
