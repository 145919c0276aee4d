"""Transfer learning: networks begin as another run left them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_runtime.errors import InputError
from training.checkpoint import DIRECTIONS, Trainer, generator_path, load_generator, network_values


def warm_start(trainer: Trainer, start: Path) -> None:
    """Give `trainer` the generators of a run (its averages) or of a .keras file, and a run's discriminators.

    What `start` lacks begins as always. Raises InputError when it has no generator, or one of another layout.
    """
    generator_path(start)  # says what is missing
    for direction in DIRECTIONS:
        trained = trainer.networks.get(f"gen_{direction}")
        exists = start.suffix != ".keras" and (start / f"generator_{direction}.keras").exists()
        if trained is not None and (exists or (start.suffix == ".keras" and direction == "ab")):
            values = load_generator(start, direction).get_weights()
            for name in (f"gen_{direction}", f"ema_{direction}"):
                _assign(trainer.networks[name], values, f"The generator of {start}")
    if start.suffix != ".keras":
        for name, values in network_values(start / "checkpoints", "disc_").items():
            if name in trainer.networks:
                _assign(trainer.networks[name], values, f"The discriminator of {start}")


def _assign(network: Any, values: list[Any], what: str) -> None:
    variables = network.variables
    if [tuple(v.shape) for v in variables] != [tuple(v.shape) for v in values]:
        raise InputError(f"{what} has another layout than this recipe builds.")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
