"""`toon-train fast-style`: trains the feed-forward style transfer network, the baseline that runs live."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from facetoon.training.flags.run_flags import add_run_flags
from facetoon.training.flags.source_flags import add_sources, sources_of
from facetoon.training.flags.style_flags import add_style
from facetoon.training.flags.training_run import TrainingPlan, train_by_plan

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

HELP = "train a feed-forward network for one style (the baseline, live)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_run_flags(parser, "fast_style_64")
    add_sources(parser, "photos")
    add_style(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer, its picture sources and the values that identify the run."""
    from facetoon.training.networks.vgg_weights import load_weights
    from facetoon.training.stylize.picture_jobs import read_picture_at
    from facetoon.training.trainers.fast_style_trainer import FastStyle, provenance

    styles = [read_picture_at(path, recipe.fast_style.style_px) for path in arguments.style]
    weights = load_weights(arguments.vgg_weights)
    build = partial(FastStyle, weights=weights, styles=styles, shares=arguments.style_weights)
    identity = provenance(weights, styles, arguments.style_weights)
    return TrainingPlan(build, sources_of(arguments, "photos"), dict(identity))
