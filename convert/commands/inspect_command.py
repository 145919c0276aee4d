"""toon-convert inspect."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "print the facts of a model file, from this kit or another tool"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("file", type=Path, metavar="FILE", help=".tflite or .onnx")


def run(arguments: argparse.Namespace) -> int:
    """Print the card; return 0."""
    from facetoon.convert.inspection import inspect

    print(inspect(arguments.file).to_text(), end="")
    return 0
