"""A picture network as its file has it: the common part of all formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange

Values = NDArray[np.float32]
"""One picture's numbers, (1, ...), with channels where the file has them; dequantized where it has integers."""
FREE = -1
"""A side of any length, or a batch of any size."""


@dataclass(frozen=True)
class ForeignModel:
    """One picture in, one picture out."""

    input_shape: tuple[int, ...]
    """(batch, height, width, channels), or with the channels second. FREE for what the file leaves open."""
    run: Callable[[Values], Values]
    said: tuple[ValueRange | None, ValueRange | None] = (None, None)
    """The ranges of input and output by the file's own words; None where it is silent."""


def one_each(path: object, inputs: Sequence[Any], outputs: Sequence[Any]) -> tuple[Any, Any]:
    """Return the only input and the only output of a network. Raises InputError when it has more."""
    if (len(inputs), len(outputs)) != (1, 1):
        raise InputError(
            f"{path} has {len(inputs)} input(s) and {len(outputs)} output(s); a network here has one of each."
        )
    return inputs[0], outputs[0]


def sides(shape: Sequence[Any]) -> tuple[int, ...]:
    """Return a shape in which None and names, as formats write open sizes, are FREE."""
    return tuple(side if isinstance(side, int) and side > 0 else FREE for side in shape)


def channels_axis(path: object, shape: Sequence[int]) -> int:
    """Return the axis of the three colours, 3 or 1. Raises InputError when the shape is no RGB picture's."""
    if len(shape) == 4 and shape[0] in (1, FREE):
        for axis in (3, 1):
            if shape[axis] == 3:
                return axis
    shown = ", ".join("any" if side == FREE else str(side) for side in shape)
    raise InputError(f"{path} has a tensor ({shown}), which is no RGB picture: (1, height, width, 3) or (1, 3, ...).")
