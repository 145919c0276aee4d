"""The options that build, verify and debug share: the generator and the pictures to use."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from facetoon.convert.sources.source_facts import read_facts
from facetoon.edge_runtime.command_line import add_picture_limit


def add_request_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the shared options."""
    parser.add_argument(
        "--direction", default="ab", choices=("ab", "ba"), help="ab: photo to cartoon (default), ba: back"
    )
    parser.add_argument(
        "--photos",
        nargs="+",
        default=[],
        metavar="SOURCE",
        help="where the training pictures of the input side lie now, if they were moved: folders or zips, '#pattern'",
    )
    add_picture_limit(parser)
    parser.add_argument("--style-names", default="", metavar="A,B", help="names of the styles, if the run has none")
    parser.add_argument("--calibration-images", type=int, default=200, metavar="N", help="default: %(default)s")
    parser.add_argument("--test-images", type=int, default=200, metavar="N", help="default: %(default)s")
    parser.add_argument("--qat-steps", type=int, default=300, metavar="N", help="training steps of qat (default: 300)")
    parser.add_argument(
        "--size", default="", metavar="HxW", help="another project's model of variable size: its sides in px"
    )
    parser.add_argument(
        "--range",
        default="",
        metavar="IN[,OUT]",
        help="another project's model: values of grey 0 and 255, such as 0..255 or -1..1,0..1",
    )
    parser.add_argument("--layout", default="", choices=("last", "first"), help="where another project has channels")
    parser.add_argument("--output", default="", metavar="NAME", help="the picture, of a model with several outputs")
    parser.add_argument("--custom", type=Path, metavar="FILE.py", help="classes of the layers that a Keras file uses")
    parser.add_argument("--seed", type=int, default=1, help="chooses the pictures (default: %(default)s)")


def request_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of material.Request that these options set."""
    return {
        "run": arguments.run,
        "direction": arguments.direction,
        "photos": tuple(arguments.photos),
        "style_names": tuple(filter(None, arguments.style_names.split(","))),
        "calibration_images": arguments.calibration_images,
        "test_images": arguments.test_images,
        "qat_steps": arguments.qat_steps,
        "seed": arguments.seed,
        "foreign": read_facts(arguments.size, arguments.range, arguments.layout, arguments.output, arguments.custom),
    }


def tell(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)
