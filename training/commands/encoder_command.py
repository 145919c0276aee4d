"""`toon-train encoder`: the network that `toon-train score` looks through."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from facetoon.training.flags.run_flags import add_run_flags
from facetoon.training.flags.source_flags import add_source
from facetoon.training.flags.training_run import TrainingPlan, train_by_plan

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

HELP = "train the encoder that score looks through"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_run_flags(parser, "encoder_64")
    add_source(parser, "--pictures", "folders or zips, '#pattern': a kind each", required=True)


def run(arguments: argparse.Namespace) -> int:
    """Train it; 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """The trainer and its pictures."""
    from facetoon.training.trainers.encoder_trainer import EncoderTraining

    build = partial(EncoderTraining, sources=len(arguments.pictures))
    return TrainingPlan(build, {"pictures": arguments.pictures})
