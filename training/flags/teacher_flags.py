"""Flags for the teachers of a student."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange, parse_ranges


def add_teachers(parser: argparse.ArgumentParser) -> None:
    """Add --teacher, and what another project's file may have to be told."""
    parser.add_argument(
        "--teacher",
        action="append",
        required=True,
        metavar="RUN",
        help="a run directory, draw:STYLE, or anyone's .tflite, .onnx, .keras or SavedModel; "
        "NAME=RUN, repeated, for a student of several styles",
    )
    parser.add_argument(
        "--teacher-range",
        action="append",
        default=[],
        metavar="[NAME=]RANGE",
        help="values of grey levels 0..255 in another project's file: 0..255, 0..1, -1..1 or INPUT,OUTPUT "
        "(without a name: --teacher-range=-1..1)",
    )
    parser.add_argument(
        "--teacher-size",
        action="append",
        default=[],
        metavar="[NAME=]PX",
        help="side for another project's file that takes any size (default: 256)",
    )
    parser.add_argument(
        "--teacher-bgr",
        action="append",
        nargs="?",
        const="",
        default=[],
        metavar="NAME",
        help="this other project's file takes and gives blue before red (without a name: the single teacher)",
    )


def teachers_by_style(flags: list[str]) -> dict[str, Path]:
    """Return the teachers' places by style name.

    A single teacher needs no name, unless it has several styles and the name chooses one. Raises InputError when
    several teachers lack names or share one.
    """
    if len(flags) == 1 and ("=" not in flags[0] or Path(flags[0]).exists()):
        return {"": Path(flags[0])}
    teachers = {name: Path(run) for name, _, run in (flag.partition("=") for flag in flags)}
    named = all("=" in flag and re.fullmatch("[a-z][a-z0-9_-]*", flag.partition("=")[0]) for flag in flags)
    if len(teachers) < len(flags) or not named:
        raise InputError("Several teachers are given as --teacher NAME=RUN, each name once, in small letters.")
    return teachers


def ranges_of(arguments: argparse.Namespace, names: Sequence[str]) -> dict[str, tuple[ValueRange, ValueRange]]:
    """Return the stated ranges of input and output by style name. Raises InputError for other texts and names."""
    return {name: parse_ranges(text) for name, text in _told("--teacher-range", arguments.teacher_range, names)}


def sizes_of(arguments: argparse.Namespace, names: Sequence[str]) -> dict[str, int]:
    """Return the stated sides in px by style name. Raises InputError for other texts and names."""
    sizes = {}
    for name, text in _told("--teacher-size", arguments.teacher_size, names):
        if not re.fullmatch("[1-9][0-9]{1,3}", text):
            raise InputError(f"--teacher-size is a side in px from 10 to 9999, such as 256, not {text}.")
        sizes[name] = int(text)
    return sizes


def blue_first_of(arguments: argparse.Namespace, names: Sequence[str]) -> set[str]:
    """Return the style names of the teachers that take blue before red. Raises InputError for other names."""
    texts = [f"{name}=yes" if name else "yes" for name in arguments.teacher_bgr]
    return {name for name, _ in _told("--teacher-bgr", texts, names)}


def _told(flag: str, texts: list[str], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of each text NAME=VALUE. A single teacher need not be named."""
    seen = set()
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals and len(names) == 1:
            (name,) = names
        if name not in names:
            raise InputError(f"{flag} {text} names no --teacher; it is {flag} NAME=VALUE, with the teacher's name.")
        if name in seen:
            raise InputError(f"{flag} is given twice for one teacher: {text}.")
        seen.add(name)
        yield name, value
