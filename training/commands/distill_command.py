"""`toon-train distill`: trains the small generator that ships from one teacher, or from one teacher for each style."""

from __future__ import annotations

import argparse
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError
from facetoon.training.commands.training_run import TrainingPlan, init_provenance, train_by_plan
from facetoon.training.flags.run_flags import add_init, add_run_flags
from facetoon.training.flags.source_flags import add_sources, sources_of

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

HELP = "train the small generator on a teacher's cartoons of photographs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_run_flags(parser, "distill_64")
    add_sources(parser, "photos")
    add_init(parser)
    parser.add_argument(
        "--teacher",
        action="append",
        required=True,
        metavar="RUN",
        help="a run directory or .keras file; NAME=RUN, repeated, for a student of several styles",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer, its picture sources and the values that identify the run."""
    from facetoon.training.runs.checkpoint import generator_digest
    from facetoon.training.trainers.distill_trainer import Distillation

    teachers = teachers_by_style(arguments.teacher)
    provenance = init_provenance(arguments)
    for name, teacher in teachers.items():
        provenance[f"teacher_{name}_sha256" if name else "teacher_sha256"] = generator_digest(teacher)
    if len(teachers) > 1:
        provenance["styles"] = list(teachers)  # in the order of the model's style input
    return TrainingPlan(partial(Distillation, teachers=teachers), sources_of(arguments, "photos"), provenance)


def teachers_by_style(flags: list[str]) -> dict[str, Path]:
    """Return the teachers' runs by style name.

    A single teacher needs no name, unless it has several styles and the name chooses one. Raises InputError when
    several teachers lack names or share one.
    """
    if len(flags) == 1 and ("=" not in flags[0] or Path(flags[0]).exists()):
        return {"": Path(flags[0])}
    teachers = {name: Path(run) for name, _, run in (flag.partition("=") for flag in flags)}
    named = all("=" in flag and re.fullmatch("[a-z][a-z0-9_-]*", flag.partition("=")[0]) for flag in flags)
    if len(teachers) < len(flags) or not named:
        raise InputError("Several teachers are given as --teacher NAME=RUN, each name once, in small letters.")
    return teachers
