"""Transfer learning: a new run starts from the networks of another run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.training.runs.checkpoint import DIRECTIONS, generator_path, load_generator, network_values
from facetoon.training.runs.trainer import Trainer


def warm_start(trainer: Trainer, start: Path) -> None:
    """Give `trainer` the averaged generators and the discriminators of the run `start`, or the model of a .keras file.

    Networks that `start` lacks keep their random weights. Raises InputError when `start` has no generator, or one of
    another layout.
    """
    generator_path(start)  # raises when the generator is missing
    if "student" in trainer.networks:
        _assign(trainer.networks["student"], load_generator(start).get_weights(), f"The student of {start}")
    for direction in DIRECTIONS:
        trained = trainer.networks.get(f"gen_{direction}")
        exists = start.suffix != ".keras" and (start / f"generator_{direction}.keras").exists()
        if trained is not None and (exists or (start.suffix == ".keras" and direction == "ab")):
            values = load_generator(start, direction).get_weights()
            for name in (f"gen_{direction}", f"ema_{direction}"):
                _assign(trainer.networks[name], values, f"The generator of {start}")
    if start.suffix != ".keras":
        for prefix, what in (("disc_", "discriminator"), ("back_", "way back")):
            for name, values in network_values(start / "checkpoints", prefix).items():
                if name in trainer.networks:
                    _assign(trainer.networks[name], values, f"The {what} of {start}")


def _assign(network: Any, values: list[Any], what: str) -> None:
    variables = network.variables
    grown = [_grown(value, tuple(v.shape)) for value, v in zip(values, variables, strict=False)]
    if len(values) != len(variables) or [tuple(v.shape) for v in variables] != [v.shape for v in grown]:
        raise InputError(f"{what} has another layout than this recipe builds.")
    for variable, value in zip(variables, grown, strict=True):
        variable.assign(value)


def _grown(kernel: Any, shape: tuple[int, ...]) -> Any:
    """Pad a kernel with zeros to a larger one. The network's output stays the same, and it can learn to see further."""
    kernel = np.asarray(kernel)
    if kernel.ndim != 4 or kernel.shape[2:] != shape[2:] or kernel.shape[0] > shape[0]:
        return kernel
    around = [((large - small) // 2,) * 2 for small, large in zip(kernel.shape, shape, strict=True)]
    return np.pad(kernel, around)
