"""Refuses pictures that cannot calibrate or judge: of one colour, or unlike the pictures of the other sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facetoon.convert.sources.samples import Sample
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image

FLAT_LEVELS = 2.0  # standard deviation of a picture of one colour, with a camera's noise
MOST_FLAT = 0.5  # share of a sample
# Two samples are unlike when their distributions hardly overlap. Sources that differ a little, as two cameras do, stay
# far below; and so do two samples of one source, unless there are too few pictures to tell.
LEAST_DISTANCE = 0.8
CHANCE_DISTANCE = 1.95  # times sqrt(1/n + 1/m): one in a thousand pairs of equal samples is this far apart (Smirnov)


def check_samples(calibration: Sample, test: Sample) -> None:
    """Raise InputError when most pictures of a sample are flat, or when the samples show different kinds of pictures.

    A file that was calibrated and judged on black pictures is nearly perfect on black pictures, and on nothing else.
    """
    measured = {"calibration": _statistics(calibration.images), "test": _statistics(test.images)}
    for name, statistics in measured.items():
        flat = int(np.sum(statistics["contrast"] < FLAT_LEVELS))
        count = len(statistics["contrast"])
        if flat > MOST_FLAT * count:
            raise InputError(
                f"{flat} of the {count} {name} pictures are of one colour: they cannot show how the file draws others. "
                "Give pictures like those that it will draw (--photos)."
            )
    calibrated, tested = _distinct(measured["calibration"]), _distinct(measured["test"])
    counts = len(calibrated["contrast"]), len(tested["contrast"])
    least = max(LEAST_DISTANCE, CHANCE_DISTANCE * float(np.sqrt(1 / counts[0] + 1 / counts[1])))
    for name in calibrated:
        if distance(calibrated[name], tested[name]) > least:
            raise InputError(
                f"The calibration pictures are unlike the test pictures: their {name} is mostly "
                f"{_span(calibrated[name])} grey levels, that of the test pictures {_span(tested[name])}. "
                "Calibrate on pictures like those that the file will draw."
            )


def _statistics(images: Image) -> dict[str, NDArray[np.float64]]:
    """Statistics of each picture in grey levels, float64 (n,) by name."""
    levels = images.astype(np.float32)
    grey = levels.mean(-1)
    return {
        "brightness": grey.mean((1, 2), np.float64),
        "contrast": levels.std((1, 2)).mean(-1, np.float64),
        "detail": np.abs(np.diff(grey, axis=2)).mean((1, 2), np.float64),
        "colourfulness": np.ptp(levels, axis=-1).mean((1, 2), np.float64),
    }


def _distinct(statistics: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Keep one of equal pictures: a sample repeats its pictures for every style, which makes it no larger."""
    rows = np.unique(np.column_stack(list(statistics.values())), axis=0)
    return dict(zip(statistics, rows.T, strict=True))


def distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Largest difference of two samples' cumulative distributions, 0..1 (Kolmogorov and Smirnov)."""
    values = np.concatenate([first, second])
    shares = [np.searchsorted(np.sort(sample), values, "right") / len(sample) for sample in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())


def _span(values: NDArray[np.float64]) -> str:
    low, high = np.percentile(values, (10, 90))
    return f"{low:.0f} to {high:.0f}"
