"""toon-bench project: estimates a range of times for a board that nobody measured."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "estimate a range of times for a board that nobody measured"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("file", type=Path, metavar="FILE.tflite")
    parser.add_argument("--board", required=True, choices=("pi5", "pi4", "pi3b+", "zero2w"))
    parser.add_argument(
        "--python", required=True, metavar="COMMAND", help="command that starts an emulated arm64 Python with LiteRT"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the range with its anchors; return 0."""
    from facetoon.benchmarks.boards.projection import project

    print(project(arguments.file, arguments.board, arguments.python))
    return 0
