"""The options that build, verify and debug share: the generator and the pictures to use."""

from __future__ import annotations

import argparse
import sys
from typing import Any


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
    parser.add_argument("--style-names", default="", metavar="A,B", help="names of the styles, if the run has none")
    parser.add_argument("--calibration-images", type=int, default=200, metavar="N", help="default: %(default)s")
    parser.add_argument("--test-images", type=int, default=200, metavar="N", help="default: %(default)s")
    parser.add_argument("--qat-steps", type=int, default=300, metavar="N", help="training steps of qat (default: 300)")
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
    }


def tell(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)
