"""`toon-train encoder`: trains the network whose features `toon-train score` compares."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from facetoon.training.flags.run_flags import add_run_flags
from facetoon.training.flags.source_flags import add_source
from facetoon.training.flags.training_run import TrainingPlan, train_by_plan

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

HELP = "train the encoder whose features score compares"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_run_flags(parser, "encoder_64")
    add_source(parser, "--pictures", "folders or zips, '#pattern'; one for each kind of picture", required=True)


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer and its picture sources."""
    from facetoon.training.trainers.encoder_trainer import EncoderTraining

    build = partial(EncoderTraining, sources=len(arguments.pictures))
    return TrainingPlan(build, {"pictures": arguments.pictures})
