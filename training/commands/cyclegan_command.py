"""`toon-train cyclegan`: trains generators between unpaired photographs and cartoons."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from facetoon.training.flags.run_flags import add_init, add_run_flags
from facetoon.training.flags.source_flags import add_sources, sources_of
from facetoon.training.flags.training_run import TrainingPlan, init_provenance, train_by_plan

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

HELP = "train a CycleGAN between two folders of pictures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_run_flags(parser, "face_toon_64")
    add_sources(parser, "photos", "cartoons")
    add_init(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer, its picture sources and the values that identify the run."""
    from facetoon.training.trainers.cyclegan_trainer import CycleGAN

    return TrainingPlan(CycleGAN, sources_of(arguments, "photos", "cartoons"), init_provenance(arguments))
