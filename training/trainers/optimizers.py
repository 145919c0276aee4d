"""Adam with a recipe's settings, and the two decays of the learning rate."""

from __future__ import annotations

import math
from typing import Any

import keras

from facetoon.training.recipes.parts import OptimizerRecipe


def adam(learning_rate: float, variables: list[Any], optimizer: OptimizerRecipe) -> keras.optimizers.Adam:
    """Build Adam for `variables` with the recipe's betas, clipping and accumulation, ready to be traced."""
    adam = keras.optimizers.Adam(
        learning_rate,
        beta_1=optimizer.beta_1,
        beta_2=optimizer.beta_2,
        global_clipnorm=optimizer.clip_norm or None,
        gradient_accumulation_steps=optimizer.accumulate if optimizer.accumulate > 1 else None,
    )
    adam.build(variables)  # before tracing: a compiled step may create no variables
    return adam


def linear_decay(step: int, steps: int, decay_from: float) -> float:
    """Return the factor of the learning rate: 1 until the share `decay_from` of the run, then linear to 0."""
    return min(1.0, (1.0 - step / steps) / (1.0 - decay_from))


def cosine_decay(step: int, steps: int) -> float:
    """Return the factor of the learning rate: half a cosine from 1 to 0 (Loshchilov and Hutter 2017)."""
    return 0.5 * (1 + math.cos(math.pi * step / steps))
