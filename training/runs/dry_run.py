"""`--dry-run`: measures the cost of a recipe on this machine and with the given data. Writes nothing."""

from __future__ import annotations

import dataclasses
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras

from facetoon.training.engine import cluster
from facetoon.training.pictures import batches
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.even_sampling import take_turns
from facetoon.training.pictures.images import ImageSet
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.loop import Stopwatch, load
from facetoon.training.runs.trainer import Trainer

MEASURE_S = 20.0
LEAST_STEPS = 5
TAUGHT_BATCHES = 2
"""Teachers can take seconds for a batch and half an hour for a data set, so they draw only these."""


def dry_run(
    recipe: Recipe, sources: Mapping[str, Sequence[DataSource]], build: Callable[[Recipe], Trainer]
) -> Iterator[str]:
    """Yield lines with parameters, multiply-adds, memory, steps a second and the time of the schedule."""
    domains = {domain: load(domain, places, recipe)[0] for domain, places in sources.items()}
    cluster.check_batch(recipe.batch_size)
    trainer = build(recipe)
    whole = sum(map(len, domains.values()))
    domains = {domain: _few(images, TAUGHT_BATCHES * recipe.batch_size) for domain, images in domains.items()}
    started_s = time.monotonic()
    domains = trainer.teach(domains)
    lesson_s = (time.monotonic() - started_s) * whole / sum(map(len, domains.values()))
    for direction, model in trainer.generators.items():
        macs = multiply_adds(model) / 1e6
        yield f"generator {direction}: {model.count_params():,} parameters, {macs:,.0f} million multiply-adds a picture"
    yield f"checkpoint: {sum(_size(v) for v in trainer.variables):,} numbers"
    started_s = time.monotonic()
    first = recipe.start.steps  # most steps come after the drawn start, and cost more
    trainer.step(min(first, recipe.steps - 1), *batches.batch_at(0, domains, recipe))
    yield f"first step, with compilation: {time.monotonic() - started_s:.1f} s"
    watch, started_s = Stopwatch(), time.monotonic()
    for step, batch in enumerate(
        watch.waiting(batches.prefetch(1, recipe.steps + LEAST_STEPS + 1, domains, recipe)), 1
    ):
        trainer.step(min(first + step, recipe.steps - 1), *batch)
        watch.stepped()
        if step >= LEAST_STEPS and time.monotonic() - started_s > MEASURE_S:
            break
    lap = watch.lap(recipe.batch_size)
    hours = recipe.steps / lap["steps_per_s"] / 3600
    yield f"steps a second: {lap['steps_per_s']:.3f} ({lap['images_per_s']:.2f} of each domain's pictures)"
    yield f"share of time waiting for data: {lap['waiting_share']:.1%}"
    yield f"peak memory: {_memory()}"
    yield f"preparing {whole:,} pictures once will take {lesson_s / 60:.1f} minutes here"
    yield f"{recipe.steps:,} steps will take {hours:.1f} hours here, besides samples and checkpoints"


def _few(images: ImageSet, count: int) -> ImageSet:
    """Return up to `count` pictures, of all sources in turn."""
    rows = take_turns(images.source, count)
    return dataclasses.replace(images, images=images.images[rows], source=images.source[rows])


def multiply_adds(model: Any) -> int:
    """Count the multiply-adds of the convolutions and dense layers for one picture."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            total += layer.output.shape[1] * layer.output.shape[2] * _size(layer.kernel)
        elif isinstance(layer, keras.layers.Dense):
            total += _size(layer.kernel)
    return total


def _size(variable: Any) -> int:
    size = 1
    for extent in variable.shape:
        size *= extent
    return size


def _memory() -> str:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    memory = f"{peak / 1e6:,.0f} MB resident"
    if keras.backend.backend() == "jax":
        import jax

        statistics = jax.local_devices()[0].memory_stats() or {}
        if "peak_bytes_in_use" in statistics:
            memory += f", {statistics['peak_bytes_in_use'] / 1e6:,.0f} MB on the device"
    return memory
