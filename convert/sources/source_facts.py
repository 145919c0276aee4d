"""The facts about another project's generator that its file does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facetoon.edge_runtime.sessions.picture_shape import Sides
from facetoon.edge_runtime.value_range import ValueRange, parse_ranges, read_sides

LAYOUTS = ("last", "first")


@dataclass(frozen=True)
class SourceFacts:
    """What the user states. `ranges` of input and output None means that nobody said."""

    sides_px: Sides | None = None
    """Height and width, for a network of variable size."""
    ranges: tuple[ValueRange, ValueRange] | None = None
    layout: str = ""
    """Where the colour channels are, "last" or "first"; empty reads it from the shapes."""
    output: str = ""
    """Name of the output that is the picture, for a network with several."""
    custom: Path | None = None
    """A Python file with the classes of layers that a Keras file uses."""


NO_FACTS = SourceFacts()


def read_facts(size: str, ranges: str, layout: str, output: str, custom: Path | None) -> SourceFacts:
    """Read the flags' texts. Raises InputError for a size or a range that is none."""
    return SourceFacts(read_sides(size), parse_ranges(ranges) if ranges else None, layout, output, custom)
