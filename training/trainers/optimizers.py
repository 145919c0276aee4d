"""What every trainer of this kit does to its networks: optimizers, moving averages, precision, learning rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
from facetoon.training.networks.teacher import build_generator
from facetoon.training.recipes.parts import OptimizerRecipe
from facetoon.training.recipes.recipe import Recipe
from keras import ops


@contextmanager
def precision(recipe: Recipe) -> Iterator[None]:
    """Networks built within compute in the recipe's precision; their weights are float32 in any case."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.compute.precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def adam(learning_rate: float, variables: list[Any], optimizer: OptimizerRecipe) -> keras.optimizers.Adam:
    """Adam for `variables`, with the recipe's clipping and accumulation, ready to be traced."""
    adam = keras.optimizers.Adam(
        learning_rate,
        beta_1=0.5,
        global_clipnorm=optimizer.clip_norm or None,
        gradient_accumulation_steps=optimizer.accumulate if optimizer.accumulate > 1 else None,
    )
    adam.build(variables)  # before tracing: a compiled step may create no variables
    return adam


def linear_decay(step: int, steps: int, decay_from: float) -> float:
    """1 until `decay_from` of the run, then linearly to 0 at its end."""
    return min(1.0, (1.0 - step / steps) / (1.0 - decay_from))


class MovingAverage:
    """A generator's exponential moving average (EMA): steadier than the weights being trained, so it is what is kept.

    It is plain float32 whatever the training's precision, so that any machine loads it.
    """

    def __init__(self, generator: keras.Model, recipe: Recipe, name: str) -> None:
        self.generator = generator
        self.model = build_generator(recipe.generator, recipe.data.size_px, name)
        self.model.set_weights(generator.get_weights())
        self.model.trainable = False
        # It moves every step, the weights only every `accumulate` steps: by that root it forgets at the same pace.
        self._keep = recipe.optimizer.ema_decay ** (1 / recipe.optimizer.accumulate)

    def move(self) -> None:
        """One step towards the weights; within a compiled step."""
        for variable, mean in zip(self.generator.variables, self.model.variables, strict=True):
            mean.assign(self._keep * mean + (1.0 - self._keep) * ops.convert_to_tensor(variable))
