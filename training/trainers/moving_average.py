"""The exponential moving average (EMA) of a generator's weights, which becomes the saved generator."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from facetoon.training.networks.teacher import build_generator
from facetoon.training.recipes.recipe import Recipe


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

    def move(self, keep: Any = None) -> None:
        """Move the average one step towards the weights. Call it inside a compiled step.

        `keep` is the share of the average that stays; by default the recipe's.
        """
        keep = self._keep if keep is None else keep
        for variable, mean in zip(self.generator.variables, self.model.variables, strict=True):
            mean.assign(keep * mean + (1.0 - keep) * ops.convert_to_tensor(variable))
