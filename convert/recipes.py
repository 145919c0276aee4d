"""Quantization recipes, named by their bits, each with the scores below which its result is not shipped."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.errors import InputError


@dataclass(frozen=True)
class Thresholds:
    """The least that a shipped file must reach against the float generator, over unseen pictures."""

    psnr_mean_db: float
    psnr_5th_percentile_db: float
    ssim_mean: float


@dataclass(frozen=True)
class Recipe:
    """How weights and activations are stored; `wi8_ai8` reads "weights int8, activations int8"."""

    name: str
    weight_bits: int
    activation_bits: int
    thresholds: Thresholds

    @property
    def is_static(self) -> bool:
        """Whether activations become integers, whose ranges are measured on calibration pictures."""
        return self.activation_bits < 16


RECIPES = {
    recipe.name: recipe
    for recipe in (
        # Only summation order differs, which rounding to grey levels nearly hides: a lower score means that the
        # converter changed the network, not its precision.
        Recipe("float32", 32, 32, Thresholds(60.0, 55.0, 0.999)),
        # Weights keep 11 bits and arithmetic stays float: one grey level of error on a minority of pixels.
        Recipe("float16", 16, 32, Thresholds(50.0, 46.0, 0.995)),
        # A sound BatchNorm and ReLU6 generator measures 40 to 43 dB. 35 dB is 4.5 grey levels of error, about where
        # flat cartoon areas begin to show bands; the percentile guards single faces that a mean would hide.
        Recipe("static_wi8_ai8", 8, 8, Thresholds(35.0, 32.0, 0.97)),
    )
}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name; raises InputError naming the known ones."""
    if name not in RECIPES:
        raise InputError(f"There is no quantization recipe {name}; known ones are: {', '.join(RECIPES)}.")
    return RECIPES[name]
