"""toon-convert inspect."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.convert.targets.target_names import TARGETS

HELP = "print the facts of a model file, from this kit or another tool"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("file", type=Path, metavar="FILE", help=".tflite or .onnx")
    parser.add_argument(
        "--target",
        choices=TARGETS,
        help="also say for each operator of a .tflite what runs where; ethos-u55 and ethos-u65 with estimated cycles",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the card, and the placement on a target; return 0."""
    from facetoon.convert.inspection import inspect, placement

    print(inspect(arguments.file).to_text(), end="")
    if arguments.target:
        print(placement(arguments.file, arguments.target).to_text(), end="")
    return 0
