"""`toon-train style`: adds one style to a student of several styles."""

from __future__ import annotations

import argparse
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetoon.edge_runtime.errors import InputError
from facetoon.training.flags.run_flags import add_run_flags
from facetoon.training.flags.source_flags import add_source, add_sources, sources_of
from facetoon.training.flags.style_flags import add_vgg_weights
from facetoon.training.flags.training_run import TrainingPlan, train_by_plan

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe
    from facetoon.training.runs.run_directory import RunDirectory

HELP = "teach a student of several styles one more style, from about 50 cartoons"
KEPT_SECTIONS = ("framing", "data", "student")  # sections of the student's recipe that apply to the new run too


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_run_flags(parser, "style")
    add_sources(parser, "photos")
    add_source(parser, "--cartoons", "50 or more; folders or zips, '#pattern'")
    parser.add_argument(
        "--student",
        type=Path,
        required=True,
        metavar="RUN",
        help="run of toon-train distill with several teachers, or of toon-train style; it is not changed",
    )
    parser.add_argument("--name", required=True, help="name of the new style, in small letters")
    add_vgg_weights(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    from facetoon.training.runs.run_directory import identity

    fields = identity(open_student(arguments.student).recipe())
    return train_by_plan(arguments, plan, {section: fields[section] for section in KEPT_SECTIONS})


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer, its picture sources and the values that identify the run."""
    from facetoon.training.networks.vgg_weights import load_weights
    from facetoon.training.runs.checkpoint import generator_digest
    from facetoon.training.runs.run_directory import KEEPS_SHAPE
    from facetoon.training.trainers.style_trainer import NewStyle, needs_encoder

    student, name = open_student(arguments.student), arguments.name
    names = list(student.styles)
    if not re.fullmatch("[a-z][a-z0-9_-]*", name) or name in (*names, "photo"):
        raise InputError(f"--name must be new ({', '.join(names)} and photo are taken) and in small letters: {name!r}.")
    weights = load_weights(arguments.vgg_weights) if needs_encoder(recipe) else None
    provenance: dict[str, Any] = {"student_sha256": generator_digest(arguments.student), "styles": [*names, name]}
    if student.keeps_shape:
        provenance[KEEPS_SHAPE] = list(student.keeps_shape)
    if weights:
        provenance["vgg_sha256"] = weights.sha256
    if not arguments.photos and not arguments.dataset:
        arguments.photos = list(student.input_pictures().sources)
    build = partial(NewStyle, student=arguments.student, names=names, weights=weights)
    return TrainingPlan(build, sources_of(arguments, "photos", "cartoons"), provenance)


def open_student(path: Path) -> RunDirectory:
    """Return the student's run. Raises InputError unless it has styles."""
    from facetoon.training.runs.run_directory import RunDirectory

    student = RunDirectory(path)
    if not student.styles:
        raise InputError(
            f"{path} is no student with a style input: toon-train distill makes one from several teachers."
        )
    return student
