"""The types and the measure of an operator ranking, for .tflite and .onnx alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOOR = 1e-12  # keeps the ratio finite where a tensor, or its error, is 0


@dataclass(frozen=True)
class OperatorError:
    """The error that int8 adds to one operator's output."""

    operator: str
    tensor: str
    snr_db: float
    """Power of the float values over the power of the error, in dB."""


MakeFiner = Callable[[list[str], str], bytes]
"""Takes tensor names and "float" or "int16"; returns the model with these tensors, or their operators, in that type."""


def snr_db(exact: NDArray[Any], rounded: NDArray[Any]) -> float:
    """Return the signal over error in dB of two float arrays of one shape."""
    error = rounded - exact
    return 10 * float(np.log10((np.mean(exact**2) + FLOOR) / (np.mean(error**2) + FLOOR)))


def worst_first(errors: list[OperatorError]) -> list[OperatorError]:
    """Sort by signal over error, lowest first. Values that are not numbers come before all others."""
    return sorted(errors, key=lambda error: -math.inf if math.isnan(error.snr_db) else error.snr_db)
