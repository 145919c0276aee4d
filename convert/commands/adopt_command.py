"""toon-convert adopt."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.edge_runtime.value_range import EXAMPLES, parse_ranges, read_sides

HELP = "give another project's .tflite or .onnx file a spec and a hash, so that toon-live runs it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("file", type=Path, metavar="FILE", help=".tflite or .onnx: one picture in, one picture out")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: the name, or the file's own, in the current folder"
    )
    parser.add_argument("--size", default="", metavar="HxW", help="for a network of variable size: its sides in px")
    parser.add_argument(
        "--range",
        default="",
        metavar="IN[,OUT]",
        help=f"values of grey 0 and 255, if the file does not say them: {EXAMPLES}, or -1..1,0..255",
    )
    parser.add_argument("--bgr", action="store_true", help="the model takes and gives blue before red")
    parser.add_argument("--name", default="", help="the model's name (default: the file's name)")
    parser.add_argument("--author", default="", metavar="TEXT", help="who made the model, kept in the file")
    parser.add_argument("--licence", default="", metavar="TEXT", help="the model's licence, kept in the file")
    parser.add_argument("--keeps-shape", action="store_true", help="it leaves every feature of a face where it is")


def run(arguments: argparse.Namespace) -> int:
    """Write the file and print its facts and speed; return 0."""
    from facetoon.convert.adopt import adopt
    from facetoon.edge_runtime.sessions.adoption import AdoptionFacts

    file = arguments.file
    source, target = parse_ranges(arguments.range) if arguments.range else (None, None)
    facts = AdoptionFacts(source, target, read_sides(arguments.size), arguments.bgr)
    out = arguments.out or Path(f"{arguments.name or file.stem}{file.suffix}")
    adopted = adopt(
        file, out, facts, arguments.name, arguments.keeps_shape, author=arguments.author, licence=arguments.licence
    )
    print(*adopted.lines(), sep="\n")
    return 0
