"""`toon-train distill`: trains the small generator that ships from one teacher, or from one teacher for each style."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError
from facetoon.training.flags.run_flags import add_init, add_run_flags
from facetoon.training.flags.source_flags import add_sources, sources_of
from facetoon.training.flags.style_flags import add_landmarks
from facetoon.training.flags.teacher_flags import add_teachers, blue_first_of, ranges_of, sizes_of, teachers_by_style
from facetoon.training.flags.training_run import TrainingPlan, init_provenance, train_by_plan

if TYPE_CHECKING:
    from facetoon.edge_runtime.value_range import ValueRange
    from facetoon.training.drawings.picture_teacher import PictureTeacher
    from facetoon.training.recipes.recipe import Recipe

HELP = "train the small generator on a teacher's cartoons of photographs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_run_flags(parser, "distill_64")
    add_sources(parser, "photos")
    add_init(parser)
    add_teachers(parser)
    add_landmarks(parser)
    parser.add_argument("--features", type=Path, metavar="FILE.npz", help="frozen features, for perceptual_weight")
    parser.add_argument("--segments", type=Path, metavar="FILE.tflite", help="finds the heads, for a matte; 256 px")


def run(arguments: argparse.Namespace) -> int:
    """Train the run and return exit status 0."""
    return train_by_plan(arguments, plan)


def plan(arguments: argparse.Namespace, recipe: Recipe) -> TrainingPlan:
    """Return the trainer, its picture sources and the values that identify the run."""
    from facetoon.training.drawings.head_mattes import HeadMattes
    from facetoon.training.drawings.kept_teacher import KeptTeacher
    from facetoon.training.guides.photo_guides import file_digest
    from facetoon.training.runs.checkpoint import generator_digest
    from facetoon.training.runs.run_directory import KEEPS_SHAPE
    from facetoon.training.trainers.distill_trainer import Distillation

    teachers: dict[str, Path | PictureTeacher] = {}
    provenance = init_provenance(arguments)
    keeping: list[str] = []
    places = teachers_by_style(arguments.teacher)
    names = list(places)
    ranges, sizes = ranges_of(arguments, names), sizes_of(arguments, names)
    blue_first = blue_first_of(arguments, names)
    for name, place in places.items():
        key = f"teacher_{name}" if name else "teacher"
        teacher = _picture_teacher(place, arguments, ranges.get(name), sizes.get(name), name in blue_first)
        if teacher is None:
            teachers[name], provenance[f"{key}_sha256"] = place, generator_digest(place)
        else:
            provenance |= {key: teacher.facts} if teacher.facts else {f"{key}_sha256": teacher.digest}
            keeping += [name] if teacher.keeps_shape else []
            keeps = arguments.run and not arguments.dry_run
            # Workers that share a disk write the same files, each in a folder of its own.
            teachers[name] = KeptTeacher(teacher, arguments.run, arguments.worker) if keeps else teacher
    if len(teachers) > 1:
        provenance["styles"] = list(teachers)  # in the order of the model's style input
    if keeping:
        provenance[KEEPS_SHAPE] = keeping
    mattes = None
    if recipe.student.matte and arguments.segments:
        mattes = HeadMattes(arguments.segments, arguments.landmarks)
        provenance |= mattes.digests()
    if recipe.distill.perceptual_weight and arguments.features:
        provenance["features_sha256"] = file_digest(arguments.features)
    build = partial(Distillation, teachers=teachers, features=arguments.features, mattes=mattes)
    return TrainingPlan(build, sources_of(arguments, "photos"), provenance)


def _picture_teacher(
    place: Path,
    arguments: argparse.Namespace,
    ranges: tuple[ValueRange, ValueRange] | None,
    size_px: int | None,
    blue_first: bool,
) -> PictureTeacher | None:
    """Open a drawn style or another project's file; None for a run of this kit."""
    from facetoon.training.drawings.drawn_teacher import PREFIX, DrawnTeacher
    from facetoon.training.foreign.foreign_teacher import ForeignTeacher, is_foreign

    is_drawn = str(place).startswith(PREFIX)
    if not is_drawn and is_foreign(place):
        return ForeignTeacher(place, ranges, size_px, blue_first)
    if ranges or size_px or blue_first:
        raise InputError(f"{place} is this kit's own: it takes no --teacher-range, --teacher-size or --teacher-bgr.")
    return DrawnTeacher(str(place), arguments.landmarks, os.cpu_count() or 1) if is_drawn else None
