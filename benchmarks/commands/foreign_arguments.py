"""Flags for another project's model: the facts that its file does not hold."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange

if TYPE_CHECKING:
    from facetoon.benchmarks.opening.foreign_session import Foreign

LARGEST_SIDE_PX = 8192


def add_foreign(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("--range", metavar="LEAST..GREATEST", help="another project's model: values of grey 0 and 255")
    parser.add_argument("--output-range", metavar="LEAST..GREATEST", help="its output's range (default: its input's)")
    parser.add_argument("--size", type=int, metavar="PX", help="another project's model of variable size: the side")


def read_foreign(arguments: argparse.Namespace) -> Foreign:
    """Return the flags' values. Raises InputError for values out of range."""
    from facetoon.benchmarks.opening.foreign_session import Foreign

    if arguments.size is not None and not 1 <= arguments.size <= LARGEST_SIDE_PX:
        raise InputError(f"--size {arguments.size} must be from 1 to {LARGEST_SIDE_PX} px.")
    return Foreign(
        value_range=_read_range("--range", arguments.range),
        output_range=_read_range("--output-range", arguments.output_range),
        size_px=arguments.size,
    )


def _read_range(option: str, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        values = ValueRange.parse(text)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None
    return values.low[0], values.high[0]
