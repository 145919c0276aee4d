"""Compares a model file with its float generator, picture by picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.convert.sources.samples import as_input
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import Session

IDENTICAL_DB = 100.0  # for equal pictures: JSON and means cannot hold their infinite PSNR
FEW = 20  # pictures, with their negatives
# Keras keeps the values of every layer until the last: a ResNet-9 of 256 px has 1 GB of them for each picture.
MOST_PIXELS = 20 * 64**2
MOST_OVERSHOOT = 1.2  # largest absolute value that counts as -1..1 before clipping
LEAST_CHANGE = 0.02  # of a drawing, as a share of the photographs' own spread
PERCENTILES = (1, 5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Fidelity:
    """How close the file's pictures are to the float generator's. The matte counts only in `matte_error_share`."""

    psnr_mean_db: float
    psnr_5th_percentile_db: float
    psnr_min_db: float
    ssim_mean: float
    largest_error_levels: int
    """Largest error of a pixel in any picture, in grey levels."""
    matte_error_share: float | None = None
    """Mean absolute error of the mattes, as a share of their range; None without a matte."""


@dataclass(frozen=True)
class Comparison:
    """Scores, and the pictures they were measured on: uint8 (n, side, side, 3 or 4) each, worst PSNR first.

    Inputs are RGB; a fourth channel of the others is their matte.
    """

    scores: Fidelity
    inputs: Image
    expected: Image
    actual: Image
    percentiles_db: dict[str, float]
    """Percentiles of the pictures' PSNR: 5 in 100 pictures are below "5"."""
    by_style: dict[str, Fidelity] = field(default_factory=dict)
    """Scores of the pictures in each pure style; empty for a file without a style input."""


@dataclass(frozen=True)
class Errors:
    """The scores of single pictures, float64 (n,) each."""

    psnr_db: NDArray[np.float64]
    ssim: NDArray[np.float64]
    largest_levels: NDArray[np.float64]
    matte_share: NDArray[np.float64] | None

    def summary(self, rows: NDArray[Any] | slice = slice(None)) -> Fidelity:
        """Sum up the scores of some pictures, by their numbers."""
        psnr_db = self.psnr_db[rows]
        return Fidelity(
            psnr_mean_db=float(psnr_db.mean()),
            psnr_5th_percentile_db=float(np.percentile(psnr_db, 5)),
            psnr_min_db=float(psnr_db.min()),
            ssim_mean=float(self.ssim[rows].mean()),
            largest_error_levels=int(self.largest_levels[rows].max()),
            matte_error_share=None if self.matte_share is None else float(self.matte_share[rows].mean()),
        )


def compare(
    session: Session,
    expected: Image,
    inputs: Image,
    styles: NDArray[np.float32] | None = None,
    baked: bool = False,
) -> Comparison:
    """Run `inputs`, uint8 RGB (n, side, side, 3), through the file, and score its difference from `expected`.

    `expected` are the pictures of the float generator, from float_pictures. `styles`, float32 (n, styles), is the style
    of each picture, for a generator that takes one. With `baked` the file holds the style already, so the session gets
    none.

    The session returns uint8, as a device shows it. pixels.from_unit rounds the float generator's output to uint8 too,
    so a score measures the file's error beyond that rounding.
    """
    if baked or styles is None:
        return score(inputs, expected, file_pictures(session, inputs))
    rows = {name: np.flatnonzero(styles[:, i] == 1) for i, name in enumerate(session.styles)}
    return score(inputs, expected, file_pictures(session, inputs, styles), rows)


def score(
    inputs: Image, expected: Image, actual: Image, rows_of_style: Mapping[str, NDArray[Any]] | None = None
) -> Comparison:
    """Score `actual` against `expected`, both drawn from `inputs`, RGB uint8 (n, side, side, 3).

    Both are RGB uint8 too, with or without a matte as the fourth channel. `rows_of_style` holds the numbers of the
    pictures in each pure style; a style without pictures gets no scores.
    """
    errors = _errors(expected, actual)
    order = np.argsort(errors.psnr_db, kind="stable")
    return Comparison(
        errors.summary(),
        inputs[order],
        expected[order],
        actual[order],
        {str(p): round(float(np.percentile(errors.psnr_db, p)), 2) for p in PERCENTILES},
        {name: errors.summary(rows) for name, rows in (rows_of_style or {}).items() if len(rows)},
    )


def _errors(expected: Image, actual: Image) -> Errors:
    pairs = list(zip(expected, actual, strict=True))
    has_matte = expected.shape[-1] > 3
    return Errors(
        np.array([psnr_db(e[..., :3], a[..., :3]) for e, a in pairs]),
        np.array([ssim(e[..., :3], a[..., :3]) for e, a in pairs]),
        np.array([cv2.absdiff(e, a)[..., :3].max() for e, a in pairs], np.float64),
        np.array([cv2.absdiff(e, a)[..., 3].mean() / 255 for e, a in pairs]) if has_matte else None,
    )


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
    """Draw `inputs`, uint8 RGB (n, side, side, 3), with the file, each in its style, float32 (n, styles).

    Returns the same shape and dtype, with a matte as the fourth channel where the file has one.
    """
    outputs = []
    for row, image in enumerate(inputs):
        if styles is not None:
            session.set_style(styles[row])
        tensor = session.infer(session.to_tensor(image))
        drawn = session.to_image(tensor)
        outputs.append(np.dstack([drawn, session.to_matte(tensor)]) if session.spec.matte else drawn)
    return np.stack(outputs)


def float_pictures(generator: Any, inputs: Image, styles: NDArray[np.float32] | None = None) -> Image:
    """Draw `inputs` with the float generator, as file_pictures does.

    Raises InputError when it returns NaN or infinite values.
    """
    values = _values(generator, inputs, styles)
    if not np.isfinite(values).all():
        raise InputError(f"The generator {generator.name} gives values that are not numbers: its training has failed.")
    return pixels.from_unit(values)


def check_generator(
    generator: Any, inputs: Image, styles: NDArray[np.float32] | None, must_heed_the_picture: bool = False
) -> None:
    """Raise InputError when the generator's values on a few pictures are not on the scale -1..1 but, say, 0..255.

    A generator of 0..255 from another tool hardly heeds pictures of -1..1, which is refused too where it must.
    """
    few = inputs[:FEW]
    varied = np.concatenate([few, 255 - few])
    styles = None if styles is None else np.concatenate([styles[:FEW]] * 2)
    values = _values(generator, varied, styles)[..., :3]
    least, greatest = float(values.min()), float(values.max())
    if least >= 0 or float(np.mean(np.abs(values) > MOST_OVERSHOOT)) > 0.5:
        raise InputError(
            f"The generator {generator.name} gives values of {least:.3g}..{greatest:.3g}: it must take and give "
            "pictures of -1..1, or have its range stated with --range."
        )
    change = float(values.std(0).mean() / pixels.to_unit(varied).std(0).mean())
    if must_heed_the_picture and change < LEAST_CHANGE:
        raise InputError(
            f"The generator {generator.name} draws a flat picture: different photographs change it by {change:.1%} of "
            "their own difference. Is the range of its values another one (--range)?"
        )


def _values(generator: Any, inputs: Image, styles: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Float values (n, side, side, channels), in batches of the size that a Keras generator has or else MOST_PIXELS."""
    tensors = getattr(generator, "inputs", ())  # other functions take any batch
    batch = (tensors[0].shape[0] if tensors else None) or max(1, MOST_PIXELS // inputs[0][..., 0].size)
    return np.concatenate([_call(generator, inputs[i : i + batch], styles, i) for i in range(0, len(inputs), batch)])


def _call(generator: Any, inputs: Image, styles: NDArray[np.float32] | None, start: int) -> NDArray[np.float32]:
    shapes = [tensor.shape for tensor in getattr(generator, "inputs", ())]
    sides_px = next(((shape[1], shape[2]) for shape in shapes if len(shape) == 4), None)
    pictures = as_input(inputs, sides_px)
    if styles is None:
        return _middle(np.asarray(generator(pictures, training=False)))
    vectors = styles[start : start + len(inputs)]
    arguments = [vectors if len(shape) == 2 else pictures for shape in shapes]
    return _middle(np.asarray(generator(arguments, training=False)))


def _middle(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut the largest centred square out of a rectangular drawing, (n, h, w, channels), as sessions do."""
    height, width = values.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return values[:, top : top + side, left : left + side]
