"""The exponential moving average (EMA) of a generator's weights, which becomes the saved generator."""

from __future__ import annotations

import keras
from facetoon.training.networks.teacher import build_generator
from facetoon.training.recipes.recipe import Recipe
from keras import ops


class MovingAverage:
    """A second generator whose weights follow the trained generator's weights, but more steadily.

    It is plain float32 at any training precision, so any machine can load it.
    """

    def __init__(self, generator: keras.Model, recipe: Recipe, name: str) -> None:
        self.generator = generator
        self.model = build_generator(recipe.generator, recipe.data.size_px, name)
        self.model.set_weights(generator.get_weights())
        self.model.trainable = False
        # The average moves every step, the weights only every `accumulate` steps. The root compensates for it.
        self._keep = recipe.optimizer.ema_decay ** (1 / recipe.optimizer.accumulate)

    def move(self) -> None:
        """Move the average one step towards the weights. Call it inside a compiled step."""
        for variable, mean in zip(self.generator.variables, self.model.variables, strict=True):
            mean.assign(self._keep * mean + (1.0 - self._keep) * ops.convert_to_tensor(variable))
