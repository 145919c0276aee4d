"""Bounds of a recipe's values, as `Annotated` types of its fields. Each bound describes itself in words."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Protocol


class Bound(Protocol):
    """A condition on one value of a recipe."""

    def refusal(self, value: Any) -> str:
        """Return the words after "must be" for a value out of bounds; an empty text for a value within them."""


@dataclass(frozen=True)
class Range:
    """Finite numbers from `least` to `most`, greater than `above` and less than `below`.

    For a pair, both numbers must be in the range, and the second must not be smaller than the first.
    """

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    below: float = math.inf

    def refusal(self, value: Any) -> str:
        """See Bound."""
        values = value if isinstance(value, tuple) else (value,)
        if not all(math.isfinite(number) and self._holds(number) for number in values):
            return self._words()
        return "" if list(values) == sorted(values) else "a smaller and a larger number, in this order"

    def _holds(self, number: float) -> bool:
        return self.least <= number <= self.most and self.above < number < self.below

    def _words(self) -> str:
        if math.isfinite(self.least) and math.isfinite(self.most):
            return f"from {self.least:g} to {self.most:g}"
        limits = {
            f"{self.least:g} or more": self.least,
            f"more than {self.above:g}": self.above,
            f"at most {self.most:g}": self.most,
            f"less than {self.below:g}": self.below,
        }
        return " and ".join(words for words, limit in limits.items() if math.isfinite(limit)) or "a finite number"


@dataclass(frozen=True)
class OneOf:
    """One of these values."""

    choices: tuple[str | int, ...]

    def refusal(self, value: Any) -> str:
        """See Bound."""
        *others, last = (str(choice) or "empty" for choice in self.choices)
        return "" if value in self.choices else f"{', '.join(others)} or {last}"


@dataclass(frozen=True)
class SomeOf:
    """Any of these words, separated by commas; an empty text for none."""

    words: tuple[str, ...]

    def refusal(self, value: Any) -> str:
        """See Bound."""
        return "" if set(filter(None, value.split(","))) <= set(self.words) else f"some of {','.join(self.words)}"


@dataclass(frozen=True)
class GroupPattern:
    """A regular expression with a group in brackets; an empty text for none."""

    def refusal(self, value: Any) -> str:
        """See Bound."""
        try:
            return "" if not value or re.compile(value).groups else "a regular expression with a group in brackets"
        except re.error as error:
            return f"a regular expression ({error})"


FINITE = Range()
Weight = Annotated[float, Range(0)]
"""Weight of a loss term; 0 omits the term."""
Rate = Annotated[float, Range(0)]
"""A learning rate; 0 freezes the network."""
Share = Annotated[float, Range(0, 1)]
TestShare = Annotated[float, Range(0, below=1)]
Zoom = Annotated[tuple[float, float], Range(above=0, most=1)]
"""Share of the picture's side that a crop keeps: least and most."""
GreyLevels = Annotated[float, Range(0, 255)]
Count = Annotated[int, Range(1)]
CountOrNone = Annotated[int, Range(0)]
SidePx = Annotated[int, Range(8)]
