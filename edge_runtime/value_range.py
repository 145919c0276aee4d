"""The range of a network's values, as a flag states it. Of every model but those of this kit it has to be said."""

from __future__ import annotations

import math
from dataclasses import dataclass

from facetoon.edge_runtime.errors import InputError

EXAMPLES = "0..255, 0..1 or -1..1"


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


def parse_ranges(text: str) -> tuple[ValueRange, ValueRange]:
    """Read the ranges of input and output: "-1..1" for both, or "0..255,0..1". Raises InputError for other texts."""
    source, comma, target = text.partition(",")
    return ValueRange.parse(source), ValueRange.parse(target if comma else source)
