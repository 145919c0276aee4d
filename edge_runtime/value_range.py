"""The range of a network's values and the sides of its picture, as flags state them for other projects' models."""

from __future__ import annotations

import math
from dataclasses import dataclass

from facetoon.edge_runtime.errors import InputError

EXAMPLES = "0..255, 0..1 or -1..1"
LARGEST_SIDE_PX = 4096


@dataclass(frozen=True)
class ValueRange:
    """The values of grey levels 0 and 255: one of each for all channels, or three for red, green and blue."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    @staticmethod
    def parse(text: str) -> ValueRange:
        """Read "0..255". Raises InputError for anything but two numbers, of which the second is greater."""
        try:
            low, high = map(float, text.split(".."))
        except ValueError:
            low = high = math.nan
        if not -math.inf < low < high < math.inf:
            raise InputError(f"The range {text or 'without text'} is none: write LEAST..GREATEST, such as {EXAMPLES}.")
        return ValueRange((low,), (high,))

    def __str__(self) -> str:
        return f"{','.join(f'{x:g}' for x in self.low)}..{','.join(f'{x:g}' for x in self.high)}"


UNIT = ValueRange((-1.0,), (1.0,))
"""The range of every generator of this kit."""
GREY = ValueRange((0.0,), (255.0,))


def parse_ranges(text: str) -> tuple[ValueRange, ValueRange]:
    """Read the ranges of input and output: "-1..1" for both, or "0..255,0..1". Raises InputError for other texts."""
    source, comma, target = text.partition(",")
    return ValueRange.parse(source), ValueRange.parse(target if comma else source)


def read_sides(size: str) -> tuple[int, int] | None:
    """Read "480x640", height and width in px, or "256" for a square; None for no text.

    Raises InputError for another text and for sides over LARGEST_SIDE_PX.
    """
    if not size:
        return None
    sides = size.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and 0 < int(side) <= LARGEST_SIDE_PX for side in sides):
        raise InputError(
            f"--size {size} is none: write HEIGHTxWIDTH or one side in px, such as 256, up to {LARGEST_SIDE_PX}."
        )
    return int(sides[0]), int(sides[-1])
