"""`toon-train style` at the command line: what the student that learns one more style tells of itself."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetoon.edge_runtime.errors import InputError
from facetoon.training.commands import stylize_command

if TYPE_CHECKING:
    from facetoon.training.pictures.data_source import DataSource
    from facetoon.training.recipes.recipe import Recipe


@dataclass(frozen=True)
class Student:
    """What the run of a student of several styles tells of itself."""

    names: list[str]
    photos: list[DataSource]
    """Where its photographs lay."""
    sections: dict[str, Any]
    """Of its recipe those that one more style does not change."""


def add_new_style(parser: argparse.ArgumentParser) -> None:
    """The options of `toon-train style` that no other trainer has."""
    parser.add_argument(
        "--student", type=Path, required=True, metavar="RUN", help="of toon-train distill with several teachers, or "
        "of toon-train style; it stays as it is")  # fmt: skip
    parser.add_argument("--name", required=True, help="of the new style, in small letters")
    parser.add_argument("--cartoons", nargs="+", metavar="SOURCE", help="50 or more; folders or zips, '#pattern'")
    stylize_command.add_vgg_weights(parser)


def read_student(run: Path) -> Student:
    """Raises InputError when the run cannot be read, or is not that of a student of several styles."""
    from facetoon.training.runs.run_directory import RunDirectory, identity

    student = RunDirectory(run)
    if not student.styles:
        raise InputError(f"{run} is no student with a style input: toon-train distill makes one from several teachers.")
    sections = {name: identity(student.recipe())[name] for name in ("framing", "data", "student")}
    return Student(list(student.styles), list(student.input_pictures().sources), sections)


def new_style(arguments: argparse.Namespace, recipe: Recipe) -> tuple[Callable[[Recipe], Any], dict[str, Any]]:
    """What builds the trainer, and what identifies its run beside recipe and pictures."""
    from facetoon.training.networks import vgg_weights
    from facetoon.training.runs.checkpoint import generator_digest
    from facetoon.training.trainers import style_trainer

    name, names = arguments.name, read_student(arguments.student).names
    if not re.fullmatch("[a-z][a-z0-9_-]*", name) or name in (*names, "photo"):
        raise InputError(f"--name must be new ({', '.join(names)} and photo are taken) and in small letters: {name!r}.")
    weights = vgg_weights.load_weights(arguments.vgg_weights) if style_trainer.needs_encoder(recipe) else None
    told: dict[str, Any] = {"student_sha256": generator_digest(arguments.student), "styles": [*names, name]}
    if weights:
        told["vgg_sha256"] = weights.sha256
    return partial(style_trainer.NewStyle, student=arguments.student, names=names, weights=weights), told
