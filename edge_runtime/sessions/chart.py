"""A picture with which to try another project's network, and what its drawing says about the stated ranges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.value_range import ValueRange

FLATTEST = 0.02  # share of the range of values that the chart's drawing has to fill
FURTHEST = 0.5  # in widths of the range: how far beyond it a drawing's values may lie


def chart(side_px: int) -> Image:
    """Return a picture of ramps in red and green and a chequered blue, uint8 (side, side, 3)."""
    ramp = np.linspace(0, 255, side_px).astype(np.uint8)
    red, green = np.meshgrid(ramp, ramp)
    blue = np.where((red // 32 + green // 32) % 2, 255, 0).astype(np.uint8)
    return np.stack([red, green, blue], -1)


def check_drawing(path: object, values: NDArray[np.floating], source: ValueRange, target: ValueRange) -> None:
    """Raise InputError when a drawing of the chart, in the network's own values, contradicts the ranges."""
    low, high = (float(np.mean(ends)) for ends in (target.low, target.high))
    least, greatest = (float(x) for x in np.percentile(values, (1, 99)))
    reach = FURTHEST * (high - low)
    if not (low - reach <= least and greatest <= high + reach):  # NaN is refused too
        raise InputError(f"{path} gives values from {least:.3g} to {greatest:.3g}, which are not {target}.")
    if greatest - least < FLATTEST * (high - low):
        raise InputError(
            f"{path} draws a flat picture with input in {source} and output in {target}: are these its ranges?"
        )
