"""The facts about another project's generator that its file does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange, parse_ranges, read_sides

LAYOUTS = ("last", "first")


@dataclass(frozen=True)
class SourceFacts:
    """What the user states. `ranges` of input and output None means that nobody said."""

    size_px: int | None = None
    """The side, for a network of variable size."""
    ranges: tuple[ValueRange, ValueRange] | None = None
    layout: str = ""
    """Where the colour channels are, "last" or "first"; empty reads it from the shapes."""
    output: str = ""
    """Name of the output that is the picture, for a network with several."""
    custom: Path | None = None
    """A Python file with the classes of layers that a Keras file uses."""


NO_FACTS = SourceFacts()


def read_facts(size: str, ranges: str, layout: str, output: str, custom: Path | None) -> SourceFacts:
    """Read the flags' texts. Raises InputError for a size that is none or no square, and for a range that is none."""
    sides = read_sides(size)
    if sides and sides[0] != sides[1]:
        raise InputError(
            f"--size {size} is no square: converted files draw squares; toon-convert adopt takes rectangular networks."
        )
    return SourceFacts(sides[0] if sides else None, parse_ranges(ranges) if ranges else None, layout, output, custom)
