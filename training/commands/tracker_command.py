"""`toon-train tracker`: trains the face tracker that toon-live uses."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.training.engine.backend import started_backend
from facetoon.training.flags.source_flags import add_source

HELP = "train the face tracker that toon-live uses"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_source(parser, "--photos", "pictures that a face fills", required=True)
    add_source(parser, "--wide-photos", "pictures that show a face and its surroundings", required=True)
    parser.add_argument(
        "--detector", type=Path, required=True, help="YuNet, the detector that labels the faces, as ONNX"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.tflite")
    parser.add_argument("--steps", type=int, default=4000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1)


def run(arguments: argparse.Namespace) -> int:
    """Train the tracker, print its errors and return exit status 0."""
    with started_backend("tensorflow"):  # the tracker becomes a TFLite file
        from facetoon.training.face_tracker.tracker_training import train_tracker
    errors = train_tracker(
        arguments.photos, arguments.wide_photos, arguments.detector, arguments.out, arguments.steps, arguments.seed
    )
    print(f"{arguments.out}: " + ", ".join(f"{name} {value:.2f}" for name, value in errors.items()))
    return 0
