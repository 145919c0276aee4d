"""`toon-train pairs`: trains a generator on photographs and drawings of the same faces."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from facetoon.training.flags.run_flags import add_init, add_run_flags
from facetoon.training.flags.source_flags import add_source, add_sources, sources_of
from facetoon.training.flags.training_run import TrainingPlan, init_provenance, train_by_plan

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

HELP = "train a generator on aligned pairs, and on photographs without a pair if given"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_run_flags(parser, "comic_64")
    add_sources(parser, "photos")
    add_source(parser, "--pairs", "folders or zips of NN_face and NN_comic, '#pattern'", required=True)
    add_init(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer, its picture sources and the values that identify the run."""
    from facetoon.training.trainers.pairs_trainer import PairedTranslation

    photos = sources_of(arguments, "photos") if arguments.photos or arguments.dataset else {}
    return TrainingPlan(PairedTranslation, {"pairs": arguments.pairs, **photos}, init_provenance(arguments))
