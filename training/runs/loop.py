"""The training loop: trains, logs, draws samples, writes checkpoints, and resumes from the newest checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.whole_file import disk_faults
from facetoon.training.engine import cluster
from facetoon.training.pictures.batches import MARGIN, WHOLE, Part, prefetch
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.even_sampling import take_turns
from facetoon.training.pictures.images import ImageSet, load_split
from facetoon.training.pictures.pairs import load_pairs
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs import checkpoint
from facetoon.training.runs.run_directory import RunDirectory, identity
from facetoon.training.runs.run_log import RunLog
from facetoon.training.runs.trainer import Trainer
from facetoon.training.runs.warm_start import warm_start

TEST_PICTURES = 64  # held-out pictures of each domain, for the metrics
LOG_EVERY = 20  # steps


def train(
    recipe: Recipe,
    run: Path,
    sources: Mapping[str, Sequence[DataSource]],
    build: Callable[[Recipe], Trainer],
    provenance: dict[str, Any] | None = None,
    part: Part = WHOLE,
    init: Path | None = None,
) -> None:
    """Train `build(recipe)` to the recipe's last step in the directory `run`. An existing run is resumed.

    `sources` holds the sources of each domain ("photos", "cartoons", "pairs"), in the order of the step's arguments.
    `provenance` holds further values that identify the run, such as its teacher's hash. `part` (worker, workers) is the
    share of this process; only worker 0 writes. A new run takes its first weights from the run or file `init`.
    Raises InputError for unusable data, a full disk, or a directory with another configuration. Raises
    FloatingPointError when a loss is not a number; the last checkpoint stays.
    """
    splits = {domain: load(domain, places, recipe) for domain, places in sources.items()}
    data = {domain: _described(train) for domain, (train, _) in splits.items()}
    config = {"recipe": identity(recipe), "data": data, **(provenance or {})}
    RunDirectory(run).refuse_another(config)
    cluster.check_batch(recipe.batch_size)
    trainer = build(recipe)
    train_sets, test_sets = (trainer.teach({name: split[i] for name, split in splits.items()}) for i in (0, 1))
    first = checkpoint.restore(run / "checkpoints", trainer)
    if init and not first:
        warm_start(trainer, init)
    with disk_faults(run):
        if part[0] == 0:
            RunDirectory(run).describe(config, sources)
        with (
            closing(prefetch(first, recipe.steps, train_sets, recipe, part)) as batches,
            closing(RunLog(run, first, writes=part[0] == 0)) as log,
        ):
            _loop(recipe, run, trainer, first, batches, list(test_sets.values()), log)


def _loop(
    recipe: Recipe,
    run: Path,
    trainer: Trainer,
    first: int,
    batches: Iterator[tuple[pixels.Tensor, ...]],
    held_out: list[ImageSet],
    log: RunLog,
) -> None:
    sheet, test = (_columns(held_out, recipe, count) for count in (trainer.sheet_pictures, TEST_PICTURES))
    watch = Stopwatch()
    bar = tqdm(total=recipe.steps, initial=first, unit="step", smoothing=0.05, disable=None if log.writes else True)
    with bar:
        for step, batch in enumerate(watch.waiting(batches), first):
            parts = trainer.step(step, *batch)
            _refuse_nan(parts, step)
            watch.stepped()
            bar.update()
            done, last = step + 1, step + 1 == recipe.steps
            saving = done % recipe.checkpoint_every == 0 or last
            if saving:
                scores = trainer.test(*test)  # on all workers, because the variables lie on all devices
                parts |= scores
            if done % LOG_EVERY == 0 or saving:
                log.metrics(done, {**watch.lap(recipe.batch_size), **parts})
                bar.set_postfix_str(" ".join(f"{name}={value:.3f}" for name, value in parts.items()))
            if done % recipe.sample_every == 0 or last:
                log.sample(done, _sheet(trainer.translate(*sheet)))
            if saving and log.writes:
                checkpoint.save(run / "checkpoints", done, trainer, recipe.keep_checkpoints)
                checkpoint.save_best(run, done, trainer, recipe.best_metric or next(iter(scores)), scores)


class Stopwatch:
    """Measures the time of the steps between two log lines, without checkpoints and samples."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self._steps, self._stepping_s, self._waited_s = 0, 0.0, 0.0

    def waiting(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield the batches. The time until a batch arrives counts as waiting, and as part of its step."""
        while True:
            self._step_start_s = time.monotonic()
            batch = next(batches, None)
            if batch is None:
                return
            self._waited_s += time.monotonic() - self._step_start_s
            yield batch

    def stepped(self) -> None:
        """Count a step. Call it at the end of the step."""
        self._steps += 1
        self._stepping_s += time.monotonic() - self._step_start_s

    def lap(self, batch_size: int) -> dict[str, float]:
        """Return seconds since the start, and steps a second, images a second and waiting share since the last lap."""
        steps_per_s = self._steps / max(self._stepping_s, 1e-9)
        lap = {
            "elapsed_s": round(time.monotonic() - self._started_s, 1),
            "steps_per_s": round(steps_per_s, 3),
            "images_per_s": round(steps_per_s * batch_size, 2),
            "waiting_share": round(self._waited_s / max(self._stepping_s, 1e-9), 4),
        }
        self._steps, self._stepping_s, self._waited_s = 0, 0.0, 0.0
        return lap


def load(domain: str, sources: Sequence[DataSource], recipe: Recipe) -> tuple[ImageSet, ImageSet]:
    """Load training and test pictures of a domain. They are kept in memory, slightly larger than the crops."""
    side_px = round(recipe.data.size_px * MARGIN)
    if domain == "pairs":
        return load_pairs(sources, side_px, recipe.data.test_share, recipe.pairs)
    return load_split(sources, side_px, recipe.data.test_share)


def _described(images: ImageSet) -> dict[str, Any]:
    return {"train_images": len(images), "train_sha256": images.digest}


def _refuse_nan(parts: dict[str, float], step: int) -> None:
    for name, value in parts.items():
        if not math.isfinite(value):
            raise FloatingPointError(f"The loss {name} is {value} at step {step}; the last checkpoint is kept.")


def _columns(held_out: list[ImageSet], recipe: Recipe, count: int) -> list[pixels.Tensor]:
    """Return test pictures, float32 -1..1, evenly from the sources, one array for each argument of the step."""
    return [column for images in held_out for column in _test_pictures(images, recipe.data.size_px, count)]


def _test_pictures(images: ImageSet, size_px: int, count: int) -> list[pixels.Tensor]:
    picked = images.images[take_turns(images.source, count, repeat=True)]
    columns = [picked] if picked.ndim == 4 else [picked[:, i] for i in range(picked.shape[1])]
    return [pixels.to_unit(np.stack([pixels.square(image, size_px) for image in column])) for column in columns]


def _sheet(columns: list[Any]) -> pixels.Image:
    """Join the batches into one picture: a column for each batch, a row for each picture."""
    return np.hstack([np.vstack([pixels.from_unit(x) for x in np.asarray(column)]) for column in columns])
