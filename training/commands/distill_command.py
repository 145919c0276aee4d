"""`toon-train distill`: trains the small generator that ships from one teacher, or from one teacher for each style."""

from __future__ import annotations

import argparse
import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError
from facetoon.training.flags.run_flags import add_init, add_run_flags
from facetoon.training.flags.source_flags import add_sources, sources_of
from facetoon.training.flags.style_flags import add_landmarks
from facetoon.training.flags.training_run import TrainingPlan, init_provenance, train_by_plan

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
        help="a run directory, .keras file or draw:STYLE; NAME=RUN, repeated, for a student of several styles",
    )
    add_landmarks(parser)
    parser.add_argument("--features", type=Path, metavar="FILE.npz", help="frozen features, for perceptual_weight")
    parser.add_argument("--segments", type=Path, metavar="FILE.tflite", help="finds the heads, for a matte; 256 px")


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer, its picture sources and the values that identify the run."""
    from facetoon.training.drawings.drawn_teacher import PREFIX, DrawnTeacher
    from facetoon.training.drawings.head_mattes import HeadMattes
    from facetoon.training.guides.photo_guides import file_digest
    from facetoon.training.runs.checkpoint import generator_digest
    from facetoon.training.trainers.distill_trainer import Distillation

    teachers: dict[str, Path | DrawnTeacher] = {}
    provenance = init_provenance(arguments)
    for name, run in teachers_by_style(arguments.teacher).items():
        key = f"teacher_{name}_sha256" if name else "teacher_sha256"
        if str(run).startswith(PREFIX):
            teachers[name] = drawer = DrawnTeacher(str(run), arguments.landmarks, os.cpu_count() or 1)
            provenance[key] = drawer.digest
        else:
            teachers[name] = run
            provenance[key] = generator_digest(run)
    if len(teachers) > 1:
        provenance["styles"] = list(teachers)  # in the order of the model's style input
    mattes = None
    if recipe.student.matte and arguments.segments:
        mattes = HeadMattes(arguments.segments, arguments.landmarks)
        provenance |= mattes.digests()
    if recipe.distill.perceptual_weight and arguments.features:
        provenance["features_sha256"] = file_digest(arguments.features)
    build = partial(Distillation, teachers=teachers, features=arguments.features, mattes=mattes)
    return TrainingPlan(build, sources_of(arguments, "photos"), provenance)


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
