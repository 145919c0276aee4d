"""Compares a model file with its float generator, picture by picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import Session

IDENTICAL_DB = 100.0  # for equal pictures: JSON and means cannot hold their infinite PSNR
BATCH = 20
MOST_OVERSHOOT = 1.2  # largest absolute value that counts as -1..1 before clipping
PERCENTILES = (1, 5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Fidelity:
    """How close the file's pictures are to the float generator's."""

    psnr_mean_db: float
    psnr_5th_percentile_db: float
    psnr_min_db: float
    ssim_mean: float
    largest_error_levels: int
    """Largest error of a pixel in any picture, in grey levels."""


@dataclass(frozen=True)
class Comparison:
    """Scores, and the pictures they were measured on: uint8 RGB (n, side, side, 3) each, worst PSNR first."""

    scores: Fidelity
    inputs: Image
    expected: Image
    actual: Image
    percentiles_db: dict[str, float]
    """Percentiles of the pictures' PSNR: 5 in 100 pictures are below "5"."""


def compare(
    session: Session,
    generator: Any,
    inputs: Image,
    styles: NDArray[np.float32] | None = None,
    baked: bool = False,
) -> Comparison:
    """Run `inputs`, uint8 RGB (n, side, side, 3), through file and generator, and score the difference.

    `styles`, float32 (n, styles), is the style of each picture, for a generator that takes one. With `baked` the file
    holds the style already, so the session gets none.

    The session returns uint8, as a device shows it. pixels.from_unit rounds the float generator's output to uint8 too,
    so a score measures the file's error beyond that rounding.
    """
    expected = float_pictures(generator, inputs, styles)
    actual = file_pictures(session, inputs, None if baked else styles)
    return score(inputs, expected, actual)


def score(inputs: Image, expected: Image, actual: Image) -> Comparison:
    """Score `actual` against `expected`, both drawn from `inputs`: uint8 RGB (n, side, side, 3) each."""
    psnrs = np.array([psnr_db(e, a) for e, a in zip(expected, actual, strict=True)])
    ssims = [ssim(e, a) for e, a in zip(expected, actual, strict=True)]
    scores = Fidelity(
        psnr_mean_db=float(psnrs.mean()),
        psnr_5th_percentile_db=float(np.percentile(psnrs, 5)),
        psnr_min_db=float(psnrs.min()),
        ssim_mean=float(np.mean(ssims)),
        largest_error_levels=int(cv2.absdiff(expected, actual).max()),
    )
    order = np.argsort(psnrs, kind="stable")
    percentiles = {str(p): round(float(np.percentile(psnrs, p)), 2) for p in PERCENTILES}
    return Comparison(scores, inputs[order], expected[order], actual[order], percentiles)


def psnr_db(expected: Image, actual: Image) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures in dB; IDENTICAL_DB for equal pictures."""
    mean_square = float(np.mean((expected.astype(np.float64) - actual) ** 2))
    return 10 * float(np.log10(255**2 / mean_square)) if mean_square else IDENTICAL_DB


def ssim(expected: Image, actual: Image) -> float:
    """Structural similarity (Wang et al. 2004) of two uint8 pictures of at least 11x11, averaged over the channels.

    The window is Gaussian, 11x11 with sigma 1.5, and counts only where it lies wholly inside the picture.
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


def file_pictures(session: Session, inputs: Image, styles: NDArray[np.float32] | None = None) -> Image:
    """Draw `inputs`, uint8 RGB (n, side, side, 3), with the file, each in its style, float32 (n, styles)."""
    outputs = []
    for row, image in enumerate(inputs):
        if styles is not None:
            session.set_style(styles[row])
        outputs.append(session.run(image))
    return np.stack(outputs)


def float_pictures(generator: Any, inputs: Image, styles: NDArray[np.float32] | None = None) -> Image:
    """Draw `inputs` with the float generator, as uint8; raise InputError when it returns NaN or infinite values."""
    values = np.concatenate([_call(generator, inputs[i : i + BATCH], styles, i) for i in range(0, len(inputs), BATCH)])
    if not np.isfinite(values).all():
        raise InputError(f"The generator {generator.name} gives values that are not numbers: its training has failed.")
    return pixels.from_unit(values)


def check_range(generator: Any, inputs: Image, styles: NDArray[np.float32] | None) -> None:
    """Raise InputError when the generator's values on a few pictures are not on the scale -1..1 but, say, 0..255."""
    values = _call(generator, inputs[:BATCH], styles, 0)
    least, greatest = float(values.min()), float(values.max())
    if least >= 0 or float(np.mean(np.abs(values) > MOST_OVERSHOOT)) > 0.5:
        raise InputError(
            f"The generator {generator.name} gives values of {least:.3g}..{greatest:.3g}: it must take and give "
            "pictures of -1..1."
        )


def _call(generator: Any, inputs: Image, styles: NDArray[np.float32] | None, start: int) -> NDArray[np.float32]:
    pictures = pixels.to_unit(inputs)
    if styles is None:
        return np.asarray(generator(pictures, training=False))
    vectors = styles[start : start + len(inputs)]
    arguments = [vectors if len(tensor.shape) == 2 else pictures for tensor in generator.inputs]
    return np.asarray(generator(arguments, training=False))
