"""`toon-train sharpen`: trains a network that redraws a small teacher's cartoons at a larger size."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.training.flags.run_flags import add_run_flags
from facetoon.training.flags.source_flags import add_sources, sources_of
from facetoon.training.flags.training_run import TrainingPlan, train_by_plan

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

HELP = "train a network that redraws a teacher's cartoons at a larger size"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_run_flags(parser, "sharpen_128")
    add_sources(parser, "photos", "cartoons")
    parser.add_argument("--teacher", type=Path, required=True, metavar="RUN", help="run of a CycleGAN at half the size")


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer, its picture sources and the values that identify the run."""
    from facetoon.training.runs.checkpoint import generator_digest
    from facetoon.training.trainers.sharpen_trainer import Sharpening

    provenance = {"teacher_sha256": generator_digest(arguments.teacher)}
    build = partial(Sharpening, teacher=arguments.teacher)
    return TrainingPlan(build, sources_of(arguments, "cartoons", "photos"), provenance)
