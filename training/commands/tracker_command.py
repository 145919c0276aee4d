"""`toon-train tracker`: trains the face tracker that toon-live uses."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from facetoon.edge_runtime.command_line import add_picture_limit
from facetoon.edge_runtime.errors import InputError
from facetoon.training.engine.backend import started_backend
from facetoon.training.flags.source_flags import add_source
from facetoon.training.flags.style_flags import add_landmarks

HELP = "train the face tracker that toon-live uses"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_picture_limit(parser)
    add_source(parser, "--photos", "pictures that a face fills", required=True)
    add_source(parser, "--wide-photos", "pictures that show a face and its surroundings", required=True)
    parser.add_argument(
        "--detector", type=Path, required=True, help="YuNet, the detector that finds the faces to label, as ONNX"
    )
    add_landmarks(parser)
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keep the labels here, for the next run")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.tflite")
    parser.add_argument("--steps", type=int, default=8500, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1)


def run(arguments: argparse.Namespace) -> int:
    """Train the tracker, print its errors and return exit status 0."""
    if arguments.steps < 1:
        raise InputError("--steps must be 1 or more.")
    with started_backend("tensorflow"):  # the tracker becomes a TFLite file
        from facetoon.training.face_tracker.face_labels import Labeller
        from facetoon.training.face_tracker.tracker_training import train_tracker
    labeller = Labeller(arguments.detector, arguments.landmarks, arguments.cache)
    errors = train_tracker(
        arguments.photos,
        arguments.wide_photos,
        labeller,
        arguments.out,
        arguments.steps,
        arguments.seed,
        tell=partial(print, flush=True),
    )
    print(f"{arguments.out}, on held-out crops:")
    print("\n".join(f"  {name} {value:.4g}" for name, value in errors.items()))
    return 0
