"""Flags for other projects' models: the facts that their files may not hold, for all of them or for one file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import parse_ranges

LARGEST_SIDE_PX = 4096
Said = dict[str, Any]
"""What a flag says, by the name of the file; by "" for all."""


def add_foreign_facts(parser: argparse.ArgumentParser) -> None:
    """Declare --range, --model-size and --bgr."""
    parser.add_argument(
        "--range",
        action="append",
        default=[],
        metavar="[FILE=]LEAST..GREATEST",
        help="another project's model: its values of grey 0 and 255, such as a.tflite=-1..1; in and out: 0..1,0..255",
    )
    parser.add_argument(
        "--model-size", action="append", default=[], metavar="[FILE=]PX", help="side of pictures, if it takes any"
    )
    parser.add_argument("--bgr", action="append", default=[], metavar="FILE", help="this model has blue before red")


def foreign_facts(arguments: argparse.Namespace) -> Callable[[Path], dict[str, Any]]:
    """Return the fields of ForeignFacts that the flags state for a model.

    Raises InputError for a value that cannot be, and for a FILE that is none of the models.
    """
    ranges = _said("--range", arguments.range, arguments.places, parse_ranges)
    sides = _said("--model-size", arguments.model_size, arguments.places, _side_px)
    blue = _said("--bgr", [f"{name}=yes" for name in arguments.bgr], arguments.places, bool)

    def of(place: Path) -> dict[str, Any]:
        told = {"ranges": _chosen(ranges, place), "side_px": _chosen(sides, place), "blue_first": _chosen(blue, place)}
        return {name: value for name, value in told.items() if value is not None}

    return of


def _side_px(text: str) -> int:
    if not text.isdigit() or not 8 <= int(text) <= LARGEST_SIDE_PX:
        raise InputError(f"--model-size {text} must be from 8 to {LARGEST_SIDE_PX} px.")
    return int(text)


def _said(flag: str, texts: list[str], places: list[Path], read: Callable[[str], Any]) -> Said:
    names = {name for place in places for name in (str(place), place.name)}
    said: Said = {}
    for text in texts:
        name, _, value = text.rpartition("=")
        if name and name not in names:
            raise InputError(f"{flag} is about {name}, which is none of the models.")
        said[name] = read(value)
    return said


def _chosen(said: Said, place: Path) -> Any:
    """Return the value for a file by its path or name, else the one for all."""
    return next((said[name] for name in (str(place), place.name, "") if name in said), None)
