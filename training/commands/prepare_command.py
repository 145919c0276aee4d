"""`toon-train prepare`: turns folders of pictures into a clean, split data set."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from facetoon.edge_runtime.command_line import add_picture_limit
from facetoon.edge_runtime.errors import InputError

HELP = "turn folders of pictures into a clean, split data set"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_picture_limit(parser)
    parser.add_argument("--photos", nargs="+", default=[], metavar="SOURCE", help="folders or zips, '#pattern'")
    parser.add_argument("--cartoons", nargs="+", default=[], metavar="SOURCE", help="folders or zips, '#pattern'")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the data set; an existing one is continued")
    parser.add_argument("--check", metavar="DATASET", help="judge a data set; --out then gets only the report")
    parser.add_argument("--recipe", default="face_toon_64", help="gives the [prepare] section (default: %(default)s)")
    parser.add_argument("--set", action="append", metavar="KEY=VALUE", help="override a key: prepare.faces=all")
    parser.add_argument("--framing-of", type=Path, metavar="MODEL", help="frame faces as this .tflite expects them")
    parser.add_argument("--detector", default="device", choices=("device", "yunet", "cascade"), help="for photographs")
    parser.add_argument("--detector-model", type=Path, metavar="FILE", help="YuNet's .onnx or the cascade's .xml")
    parser.add_argument("--cartoon-detector", type=Path, metavar="FILE", help="cuts faces out of cartoons")
    parser.add_argument("--jobs", type=int, help="processes (default: one for each core)")


def run(arguments: argparse.Namespace) -> int:
    """Prepare or check a data set and return the exit status: 1 when --check rejects a picture, else 0."""
    from facetoon.training.prepare import layout_check, preparation
    from facetoon.training.prepare.crop_pool import CropSetup
    from facetoon.training.recipes.recipe import load_recipe

    settings = load_recipe(arguments.recipe, arguments.set).prepare
    if arguments.framing_of:
        settings = preparation.framed_for(settings, arguments.framing_of)
    if arguments.jobs is not None and arguments.jobs < 1:
        raise InputError(f"--jobs must be 1 or more, not {arguments.jobs}.")
    jobs = arguments.jobs or os.cpu_count() or 1
    detectors = (arguments.detector, arguments.detector_model, arguments.cartoon_detector)
    if arguments.check:
        if arguments.photos or arguments.cartoons:
            raise InputError("--check takes the pictures from the data set: leave out --photos and --cartoons.")
        rows = layout_check.check(arguments.check, CropSetup(settings, *detectors, framed=True), jobs, arguments.out)
        print("\n".join(filter(None, (preparation.summary(rows), layout_check.framing_line(rows, settings)))))
        return 1 if any(row.reason for row in rows) else 0
    if not arguments.out or not (arguments.photos or arguments.cartoons):
        raise InputError("Give --photos or --cartoons, or both, and --out; or --check DATASET.")
    sources = preparation.Sources(arguments.photos, arguments.cartoons)
    print(preparation.summary(preparation.prepare(sources, arguments.out, CropSetup(settings, *detectors), jobs)))
    print(f"{arguments.out}/report.html shows which pictures were kept and which were not.")
    return 0
