"""toon-live tune: measures which model and how many threads keep a frame rate here, and writes them to a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.edge_runtime.service.config_file import TUNED
from facetoon.edge_runtime.sessions.session import LIVE_MODELS, model_file

HELP = "measure which model and how many threads keep a frame rate here, and write the choice to a file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of toon-live tune."""
    add = parser.add_argument
    add("--target-fps", type=positive_rate, default=25.0, metavar="HZ", help="rate to keep (default: %(default)g)")
    names = " and ".join(path.stem for path in LIVE_MODELS)
    add("--model", type=model_file, action="append", metavar="FILE", help=f"candidate; repeatable (default: {names})")
    add(
        "--faces",
        type=int,
        choices=range(1, 17),
        default=1,
        metavar="N",
        help="faces in a frame, up to 16 (default: %(default)s)",
    )
    add("--smallest-face", type=int, metavar="PX", help="as for toon-live (default: 1/11 of the frame's longest side)")
    write_help = "configuration to put the choice into; its other lines stay (default: %(default)s)"
    add("--write", type=Path, default=Path(TUNED), metavar="FILE", help=write_help)


def run(arguments: argparse.Namespace) -> int:
    """Measure, write and print the choice; return 0."""
    from facetoon.edge_runtime.service import tuning

    models = arguments.model or list(LIVE_MODELS)
    choice = tuning.tune(models, arguments.target_fps, arguments.faces, arguments.smallest_face)
    tuning.write(choice, arguments.write, arguments.target_fps)
    print(f"{choice.sentence()} Written to {arguments.write}.")
    return 0


def positive_rate(text: str) -> float:
    """Parse a rate in frames a second, for argparse."""
    value = float(text)
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1000")
    return value
