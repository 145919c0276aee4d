"""Flags for another project's model: what its file cannot say."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError

if TYPE_CHECKING:
    from facetoon.benchmarks.opening.foreign_session import Foreign

LARGEST_SIDE_PX = 8192


def add_foreign(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("--range", metavar="LOW,HIGH", help="another project's model: what grey 0 and 255 become")
    parser.add_argument("--output-range", metavar="LOW,HIGH", help="the same of its output (default: as its input)")
    parser.add_argument("--size", type=int, metavar="PX", help="another project's model of variable size: its side")


def read_foreign(arguments: argparse.Namespace) -> Foreign:
    """The flags' values. Raises InputError for values that make no sense."""
    from facetoon.benchmarks.opening.foreign_session import Foreign

    if arguments.size is not None and not 1 <= arguments.size <= LARGEST_SIDE_PX:
        raise InputError(f"--size {arguments.size} is no side of a picture.")
    return Foreign(
        value_range=_read_range("--range", arguments.range),
        output_range=_read_range("--output-range", arguments.output_range),
        size_px=arguments.size,
    )


def _read_range(option: str, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise InputError(f"{option} {text} is not two numbers, such as -1,1.") from None
    if not -1e6 < low < high < 1e6:
        raise InputError(f"{option} {text} must rise, and be finite.")
    return low, high
