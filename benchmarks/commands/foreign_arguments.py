"""Flags for another project's model: the facts that its file does not hold."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange, read_sides

if TYPE_CHECKING:
    from facetoon.edge_runtime.sessions.adoption import AdoptionFacts


def add_foreign(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("--range", metavar="LEAST..GREATEST", help="another project's model: values of grey 0 and 255")
    parser.add_argument("--output-range", metavar="LEAST..GREATEST", help="its output's range (default: its input's)")
    parser.add_argument(
        "--size", default="", metavar="HxW", help="another project's model of variable size: its sides in px"
    )


def read_foreign(arguments: argparse.Namespace) -> AdoptionFacts:
    """Return the flags' values. Raises InputError for values out of range."""
    from facetoon.edge_runtime.sessions.adoption import AdoptionFacts

    return AdoptionFacts(
        input_range=_read_range("--range", arguments.range),
        output_range=_read_range("--output-range", arguments.output_range),
        sides_px=read_sides(arguments.size),
        trusts_scales=True,
    )


def _read_range(option: str, text: str | None) -> ValueRange | None:
    if text is None:
        return None
    try:
        return ValueRange.parse(text)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None
