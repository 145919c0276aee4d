"""What a ranking of operators is made of, for .tflite and .onnx alike."""

from __future__ import annotations

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
    """Power of the float values over the power of the error."""


MakeFiner = Callable[[list[str], str], bytes]
"""(tensors, "float" or "int16") to the model in which these tensors, or their operators, are that fine."""


def snr_db(exact: NDArray[Any], rounded: NDArray[Any]) -> float:
    """Signal over error in dB of two float arrays of one shape."""
    error = rounded - exact
    return 10 * float(np.log10((np.mean(exact**2) + FLOOR) / (np.mean(error**2) + FLOOR)))


def worst_first(errors: list[OperatorError]) -> list[OperatorError]:
    """Ordered by signal over error, the lowest first."""
    return sorted(errors, key=lambda error: error.snr_db)
