"""`toon-train cyclegan`: trains generators between unpaired photographs and cartoons."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from facetoon.training.flags.critic_flags import add_critic, check_critic
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
    add_critic(parser)
    add_init(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer, its picture sources and the values that identify the run."""
    if recipe.discriminator.kind == "projected":
        return _projected(arguments)
    from facetoon.training.trainers.cyclegan_trainer import CycleGAN

    return TrainingPlan(CycleGAN, sources_of(arguments, "photos", "cartoons"), init_provenance(arguments))


def _projected(arguments: argparse.Namespace) -> TrainingPlan:
    """The plan with a projected critic. Raises InputError when one of its files is not given or cannot be read."""
    check_critic(arguments)
    from facetoon.training.guides.photo_guides import Guides, file_digest
    from facetoon.training.trainers.critic_cyclegan import CriticCycleGAN

    guides = Guides(arguments.segments, arguments.landmarks, arguments.cache)
    build = partial(CriticCycleGAN, features=arguments.features, guides=guides)
    provenance = {"features_sha256": file_digest(arguments.features), **guides.digests(), **init_provenance(arguments)}
    return TrainingPlan(build, sources_of(arguments, "photos", "cartoons"), provenance)
