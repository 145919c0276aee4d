"""The steps of every training command: recipe, back-end, workers, and then the run or its --dry-run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.folder_owner import owned
from facetoon.training.engine import cluster
from facetoon.training.engine.backend import started_backend
from facetoon.training.pictures.data_source import DataSource

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe


WITH_COMPUTE = ("cyclegan", "pairs", "sharpen")
"""Kinds that heed the recipe's section `compute`. For a student bfloat16 was no faster than float32."""


@dataclass(frozen=True)
class TrainingPlan:
    """The parts in which training commands differ."""

    build: Callable[[Recipe], Any]
    """Makes the trainer."""
    sources: Mapping[str, Sequence[DataSource]]
    """Picture sources by domain, in the order of the step's arguments."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Further values that identify the run, such as its teacher's hash."""


def train_by_plan(
    arguments: argparse.Namespace,
    plan: Callable[[argparse.Namespace, Recipe], TrainingPlan],
    beneath: Mapping[str, Any] | None = None,
) -> int:
    """Train as the run flags say, and return the exit status.

    `plan` is called after the back-end has started, so it may import Keras. `beneath` holds recipe sections with
    values for keys that the recipe does not set.
    """
    from facetoon.training.recipes.parts import ComputeRecipe
    from facetoon.training.recipes.recipe import load_recipe

    if not arguments.run and not arguments.dry_run:
        raise InputError("Give --run DIR, the run directory, or --dry-run.")
    recipe = load_recipe(arguments.recipe, arguments.set, dict(beneath or {}))
    if recipe.kind != arguments.command:
        raise InputError(f"The recipe {arguments.recipe} is for toon-train {recipe.kind}, not {arguments.command}.")
    if recipe.kind not in WITH_COMPUTE and recipe.compute != ComputeRecipe():
        raise InputError(
            f"toon-train {recipe.kind} computes in float32 without XLA; the recipe's section compute is for "
            f"{', '.join(WITH_COMPUTE)}: leave it out."
        )
    if arguments.workers > 1:
        if arguments.backend != "jax" or not arguments.coordinator:
            raise InputError("Several workers need --backend jax and --coordinator HOST:PORT.")
        if cluster.SUPERVISED not in os.environ:
            return cluster.supervise(arguments.argv)
        cluster.end_with_supervisor()
    with started_backend(arguments.backend):
        from facetoon.training.runs import dry_run, loop
    if arguments.workers > 1:
        cluster.join(arguments.coordinator, arguments.workers, arguments.worker)
    cluster.spread()
    job = plan(arguments, recipe)
    if arguments.dry_run:
        for line in dry_run.dry_run(recipe, job.sources, job.build):
            print(line, flush=True)
        return 0
    part, init = (arguments.worker, arguments.workers), getattr(arguments, "init", None)
    last_words = cluster.last_words(arguments.run) if arguments.workers > 1 else nullcontext()
    with last_words, owned(arguments.run) if arguments.worker == 0 else nullcontext():
        loop.train(recipe, arguments.run, job.sources, job.build, job.provenance, part, init)
    print(f"{arguments.run}: {recipe.steps} steps done.")
    return 0


def init_provenance(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the hash of the networks of --init, as a part of the run's identity; empty without --init."""
    from facetoon.training.runs.checkpoint import generator_digest

    return {"init_sha256": generator_digest(arguments.init)} if arguments.init else {}
