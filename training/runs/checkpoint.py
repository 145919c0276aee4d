"""Checkpoints: everything a run needs to go on, in one file written whole or not at all; and loading a generator."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.whole_file import write_whole

DIRECTIONS = {"ab": "photo to cartoon", "ba": "cartoon to photo"}


class Trainer(Protocol):
    """What the run loop trains: CycleGAN or Distillation."""

    generators: dict[str, Any]
    """What is kept as .keras files: by direction, or the encoder under its own name."""
    networks: dict[str, Any]
    """By name, gen_ab for one: what `variables` begins with, in its order."""

    @property
    def variables(self) -> list[Any]:
        """Keras variables to save, in a fixed order."""

    def host_state(self) -> dict[str, Tensor]:
        """Arrays to save beside them."""

    def restore_host_state(self, state: dict[str, Tensor]) -> None:
        """The reverse of `host_state`."""

    @property
    def step(self) -> Callable[..., dict[str, float]]:
        """Train once on (index, a batch of each domain); gives the losses by name."""

    @property
    def test(self) -> Callable[..., dict[str, float]]:
        """Metrics of (a held-out batch of each domain), the kind's own first; the lower, the better."""

    @property
    def translate(self) -> Callable[..., list[Tensor]]:
        """Columns of a sample sheet from (a batch of each domain)."""


def save(folder: Path, step: int, trainer: Trainer, keep: int) -> None:
    """Write `step-NNNNNNNN.npz` and the generators, then drop all but the newest `keep` checkpoints."""
    _write_state(folder / f"step-{step:08d}.npz", step, trainer)
    _write_generators(folder.parent, trainer)
    for old in sorted(folder.glob("step-*.npz"))[:-keep]:
        old.unlink()


def save_best(run: Path, step: int, trainer: Trainer, metric: str, scores: dict[str, float]) -> None:
    """Keep state and generators in `run/best` when `metric` is lower than what is kept there."""
    if metric not in scores:
        raise InputError(f"The recipe's best_metric is {metric}; this kind of run measures {', '.join(scores)}.")
    kept = run / "best" / "score.json"
    if kept.exists() and json.loads(kept.read_text("utf-8"))[metric] <= scores[metric]:
        return
    _write_state(run / "best" / "state.npz", step, trainer)
    _write_generators(run / "best", trainer)
    write_whole(kept, json.dumps({"step": step, **scores}).encode())


def _write_state(target: Path, step: int, trainer: Trainer) -> None:
    arrays = {f"variable/{i:04d}": np.asarray(v.value) for i, v in enumerate(trainer.variables)}
    arrays |= {f"host/{name}": value for name, value in trainer.host_state().items()}
    stop = 0
    for name, network in trainer.networks.items():
        start, stop = stop, stop + len(network.variables)
        arrays[f"range/{name}"] = np.array([start, stop])
    target.parent.mkdir(parents=True, exist_ok=True)
    with _replacing(target) as partial, partial.open("wb") as file:
        np.savez(file, step=step, **arrays)  # type: ignore[arg-type]  # the stub takes them for its own flags


def _write_generators(folder: Path, trainer: Trainer) -> None:
    for direction, generator in trainer.generators.items():
        name = f"generator_{direction}" if direction in DIRECTIONS else direction
        with _replacing(folder / f"{name}.keras") as partial:
            generator.save(partial)


def restore(folder: Path, trainer: Trainer) -> int:
    """Load the newest checkpoint into `trainer` and return its step; 0 when there is none.

    Raises InputError when the checkpoint belongs to other networks.
    """
    found = sorted(folder.glob("step-*.npz"))
    if not found:
        return 0
    state = _read_state(found[-1])
    values = [state[name] for name in sorted(state) if name.startswith("variable/")]
    variables = trainer.variables
    if [v.shape for v in values] != [tuple(v.shape) for v in variables]:
        raise InputError(f"The checkpoint {found[-1]} belongs to other networks than this recipe builds.")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    trainer.restore_host_state({n.removeprefix("host/"): v for n, v in state.items() if n.startswith("host/")})
    return int(state["step"])


def network_values(folder: Path, prefix: str) -> dict[str, list[Any]]:
    """The values of each network whose name begins with `prefix` in the newest checkpoint; {} where there is none."""
    found = sorted(folder.glob("step-*.npz"))
    state = _read_state(found[-1]) if found else {}
    ranges = {n.removeprefix("range/"): v for n, v in state.items() if n.startswith(f"range/{prefix}")}
    return {name: [state[f"variable/{i:04d}"] for i in range(*span)] for name, span in ranges.items()}


def _read_state(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return dict(arrays)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise InputError(f"The checkpoint {path} cannot be read: {error}.") from None


def generator_path(run: Path, direction: str = "ab") -> Path:
    """Where a run keeps its generator, or `run` itself when it is a .keras file; InputError when there is none."""
    path = run if run.suffix == ".keras" else run / f"generator_{direction}.keras"
    if not path.is_file():
        raise InputError(f"{run} holds no generator for the direction {direction} ({path.name} is missing).")
    return path


def generator_digest(run: Path) -> str:
    """SHA-256 of a run's generator, which identifies it in the configuration of what is made from it."""
    return hashlib.sha256(generator_path(run).read_bytes()).hexdigest()


def load_generator(run: Path, direction: str = "ab") -> Any:
    """The Keras generator that a run keeps, `direction` "ab" (photo to cartoon) or "ba"; or any .keras file.

    Takes (batch, height, width, 3) float -1..1 and returns the same. Raises InputError when there is none.
    """
    import keras
    from facetoon.training.networks import (  # noqa: F401  registers the layers that generators are made of
        student,
        teacher,
    )

    path = generator_path(run, direction)
    try:
        return keras.saving.load_model(path, compile=False)
    except (ValueError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not a Keras model that can be loaded: {str(error).splitlines()[0]}") from None


class _replacing:
    """Context: a temporary path beside `target` that takes its place on success and vanishes on failure."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.partial = target.with_name(f".partial-{target.name}")  # keeps the suffix, which Keras insists on

    def __enter__(self) -> Path:
        return self.partial

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            os.replace(self.partial, self.target)
        else:
            self.partial.unlink(missing_ok=True)
