"""Compare a model file with the float generator that it came from, picture by picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import Session
from numpy.typing import NDArray

IDENTICAL_DB = 100.0  # stands for the infinite PSNR of equal pictures, which JSON and means cannot hold
BATCH = 20
MOST_OVERSHOOT = 1.2  # of a value that is clipped to -1..1
PERCENTILES = (1, 5, 25, 50, 75, 95)


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
    percentiles_db: dict[str, float]
    """PSNR of single pictures: "5" is the one that 5 in 100 stay below."""


def compare(
    session: Session,
    generator: Any,
    inputs: Image,
    styles: NDArray[np.float32] | None = None,
    baked: bool = False,
) -> Comparison:
    """Run `inputs`, uint8 RGB (n, side, side, 3), through both and score the difference.

    `styles`, float32 (n, styles), is the one each picture is drawn in, where the generator takes one; with `baked`,
    the file holds it already and the session is not told.

    The session's answer is what a device shows: uint8. The float generator's output is quantized to uint8 too, by
    pixels.from_unit, since that is the best any file could show; so a score says what the file adds to that rounding.
    """
    expected = float_pictures(generator, inputs, styles)
    actual = file_pictures(session, inputs, None if baked else styles)
    return score(inputs, expected, actual)


def score(inputs: Image, expected: Image, actual: Image) -> Comparison:
    """The comparison of two sets of pictures."""
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
    percentiles = {str(p): round(float(np.percentile(psnrs, p)), 2) for p in PERCENTILES}
    return Comparison(scores, inputs[order], expected[order], actual[order], percentiles)


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


def file_pictures(session: Session, inputs: Image, styles: NDArray[np.float32] | None = None) -> Image:
    """What the file makes of `inputs`, each in its style."""
    made = []
    for row, image in enumerate(inputs):
        if styles is not None:
            session.set_style(styles[row])
        made.append(session.run(image))
    return np.stack(made)


def float_pictures(generator: Any, inputs: Image, styles: NDArray[np.float32] | None = None) -> Image:
    """What the float generator makes of `inputs`; InputError when it gives values that are not numbers."""
    values = np.concatenate([_call(generator, inputs[i : i + BATCH], styles, i) for i in range(0, len(inputs), BATCH)])
    if not np.isfinite(values).all():
        raise InputError(f"The generator {generator.name} gives values that are not numbers: its training has failed.")
    return pixels.from_unit(values)


def check_range(generator: Any, inputs: Image, styles: NDArray[np.float32] | None) -> None:
    """Raises InputError where the generator's values on a few pictures are those of another scale, such as 0..255."""
    values = _call(generator, inputs[:BATCH], styles, 0)
    least, greatest = float(values.min()), float(values.max())
    if least >= 0 or float(np.mean(np.abs(values) > MOST_OVERSHOOT)) > 0.5:
        raise InputError(
            f"The generator {generator.name} gives values of {least:.3g}..{greatest:.3g}: pictures of -1..1 are what "
            "it must take and give."
        )


def _call(generator: Any, inputs: Image, styles: NDArray[np.float32] | None, start: int) -> NDArray[np.float32]:
    pictures = pixels.to_unit(inputs)
    if styles is None:
        return np.asarray(generator(pictures, training=False))
    vectors = styles[start : start + len(inputs)]
    arguments = [vectors if len(tensor.shape) == 2 else pictures for tensor in generator.inputs]
    return np.asarray(generator(arguments, training=False))
