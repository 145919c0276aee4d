"""A run: a directory that holds its configuration, metrics, samples and checkpoints, and goes on where it was."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from edge_runtime import pixels
from edge_runtime.errors import InputError
from training import checkpoint, data
from training.checkpoint import Trainer
from training.config import Recipe
from training.images import ImageSet, load_split

SHEET_ROWS = 8


def train(
    recipe: Recipe,
    run: Path,
    sources: dict[str, list[str]],
    build: Callable[[Recipe], Trainer],
    provenance: dict[str, str] | None = None,
) -> None:
    """Train `build(recipe)` to the recipe's last step in the directory `run`, resuming what is there.

    `sources` names the folders or zips of each domain ("photos", "cartoons") in the order of the step's arguments;
    `provenance` is what else identifies the run, such as its teacher's hash. Raises InputError for unusable data or a
    directory of another configuration, and FloatingPointError, with the last checkpoint kept, when a loss is no
    longer a number.
    """
    side_px = round(recipe.data.size_px * data.MARGIN)
    splits = {domain: load_split(given, side_px, recipe.data.test_share) for domain, given in sources.items()}
    described = {domain: _described(train) for domain, (train, _) in splits.items()}
    identity = dataclasses.asdict(recipe)
    del identity["prepare"]  # how pictures were made; which pictures they are is in their digest
    if recipe.kind != "fast-style":
        del identity["fast_style"]
    config = {"recipe": identity, "data": described, **(provenance or {})}
    _refuse_another(run, config)
    trainer = build(recipe)
    first = checkpoint.restore(run / "checkpoints", trainer)
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.json").write_text(_stable(config), "utf-8")
    (run / "sources.json").write_text(_stable(sources), "utf-8")
    _forget_after(run / "metrics.jsonl", first)
    domains = {domain: train for domain, (train, _) in splits.items()}
    batches = data.prefetch(first, recipe.steps, domains, recipe.data, recipe.batch_size, recipe.seed)
    sheet = [_sheet_inputs(test, recipe.data.size_px) for _, test in splits.values()]
    started = time.monotonic()
    with (
        (run / "metrics.jsonl").open("a") as metrics,
        tqdm(total=recipe.steps, initial=first, unit="step", smoothing=0.05) as bar,
    ):
        for step, batch in enumerate(batches, first):
            parts = trainer.step(step, *batch)
            _refuse_nan(parts, step)
            bar.update()
            done = step + 1
            if done % 20 == 0 or done == recipe.steps:
                elapsed_s = round(time.monotonic() - started, 1)
                metrics.write(json.dumps({"step": done, "elapsed_s": elapsed_s, **parts}) + "\n")
                metrics.flush()
                bar.set_postfix_str(" ".join(f"{name}={value:.3f}" for name, value in parts.items()))
            if done % recipe.sample_every == 0 or done == recipe.steps:
                _write_sheet(run / "samples" / f"step-{done:08d}.png", trainer.translate(*sheet))
            if done % recipe.checkpoint_every == 0 or done == recipe.steps:
                checkpoint.save(run / "checkpoints", done, trainer, recipe.keep_checkpoints)


def _described(images: ImageSet) -> dict[str, Any]:
    return {"train_images": len(images), "train_sha256": images.digest}


def _stable(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _refuse_another(run: Path, config: dict[str, Any]) -> None:
    """Raise InputError, with the difference, when the directory belongs to another configuration.

    The number of steps may grow or shrink: that is how a run is prolonged.
    """
    path = run / "config.json"
    if not path.exists():
        return
    there = json.loads(path.read_text("utf-8"))
    there["recipe"]["steps"] = config["recipe"]["steps"]
    before, after = _stable(there).splitlines(), _stable(config).splitlines()
    if before != after:
        lines = difflib.unified_diff(before, after, "this run directory", "asked for", n=0, lineterm="")
        difference = "\n  ".join(line for line in lines if not line.startswith("@@"))
        raise InputError(
            f"{run} belongs to another configuration; choose another directory or undo this:\n  {difference}"
        )


def _forget_after(path: Path, step: int) -> None:
    """Drop the metrics of steps after `step`: an interrupted run will take those steps again."""
    if path.exists():
        whole = [line for line in path.read_text("utf-8").splitlines(True) if line.endswith("\n")]
        lines = [line for line in whole if json.loads(line)["step"] <= step]
        path.write_text("".join(lines), "utf-8")


def _refuse_nan(parts: dict[str, float], step: int) -> None:
    for name, value in parts.items():
        if not math.isfinite(value):
            raise FloatingPointError(f"The loss {name} is {value} at step {step}; the last checkpoint is kept.")


def _sheet_inputs(images: ImageSet, size_px: int) -> pixels.Tensor:
    """Test pictures for the sample sheet, evenly over the sources."""
    rows = [np.flatnonzero(images.source == s) for s in np.unique(images.source)]
    chosen = [rows[i % len(rows)][i // len(rows) % len(rows[i % len(rows)])] for i in range(SHEET_ROWS)]
    return pixels.to_unit(np.stack([pixels.square(images.images[row], size_px) for row in chosen]))


def _write_sheet(path: Path, columns: list[Any]) -> None:
    """A PNG with one column for each batch, one row for each picture."""
    image = np.hstack([np.vstack([pixels.from_unit(x) for x in np.asarray(column)]) for column in columns])
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pixels.encode_png(image))
