"""Flags for another project's model: the facts that its file does not hold."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError

if TYPE_CHECKING:
    from facetoon.benchmarks.opening.foreign_session import Foreign

LARGEST_SIDE_PX = 8192


def add_foreign(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("--range", metavar="LOW,HIGH", help="another project's model: values of grey 0 and 255")
    parser.add_argument("--output-range", metavar="LOW,HIGH", help="its output's range (default: its input's)")
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
        low, high = map(float, text.split(","))
    except ValueError:
        raise InputError(f"{option} {text} is not two numbers, such as -1,1.") from None
    if not -1e6 < low < high < 1e6:
        raise InputError(f"{option} {text} must be finite, with the lower number first.")
    return low, high
