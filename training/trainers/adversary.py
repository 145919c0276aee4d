"""A discriminator with its augmentation and its losses for generator and discriminator."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from facetoon.training.critic.diff_augment import augment
from facetoon.training.engine.backend import input_gradient
from facetoon.training.networks import losses
from facetoon.training.networks.discriminator import build_discriminator
from facetoon.training.recipes.recipe import Recipe


class Adversary:
    """The discriminator of one domain."""

    def __init__(self, recipe: Recipe, name: str, seed: int, size_px: int | None = None, styles: int = 0) -> None:
        """Build the network with Keras's global seed, which must be set before; `seed` is for the augmentation alone.

        `size_px` is the side of the judged pictures, by default the recipe's. With `styles` above 0 the network is
        conditional (Mirza and Osindero 2014): the losses also take the style of each picture, (batch, styles).
        """
        self.recipe = recipe
        self.discriminator = build_discriminator(recipe.discriminator, size_px or recipe.data.size_px, name, styles)
        self._for_generator, self._for_discriminator = losses.GAN_LOSSES[recipe.loss.gan]
        self.seed = keras.random.SeedGenerator(seed) if recipe.discriminator.diff_augment else None

    @property
    def trainable_variables(self) -> list[Any]:
        """The variables for the discriminator's optimizer."""
        return self.discriminator.trainable_variables

    @property
    def variables(self) -> list[Any]:
        """The variables that a checkpoint must hold."""
        return self.discriminator.variables + ([self.seed.state] if self.seed else [])

    def generator_loss(self, fake: Any, style: Any = None) -> Any:
        """Return the generator's loss on fakes (batch, side, side, 3), float -1..1: mean over the heads."""
        heads = self._scores(fake, style, training=False)
        return sum(self._for_generator(scores) for scores in heads) / len(heads)

    def discriminator_loss(self, real: Any, fake: Any, style: Any = None) -> Any:
        """Return the discriminator's loss on pictures (batch, side, side, 3), float -1..1: mean of heads, plus R1."""
        pairs = list(zip(*(self._scores(images, style, training=True) for images in (real, fake)), strict=True))
        loss = sum(self._for_discriminator(*pair) for pair in pairs) / len(pairs)
        weight = self.recipe.loss.gradient_penalty_weight
        return loss + 0.5 * weight * self._gradient_penalty(real, style) if weight else loss

    def _gradient_penalty(self, real: Any, style: Any = None) -> Any:
        """Return R1 (Mescheder et al. 2018): mean squared length of the scores' gradient on real pictures."""

        def total(images: Any) -> Any:
            heads = self._scores(images, style, training=False)
            return sum(ops.sum(ops.mean(scores, axis=tuple(range(1, scores.ndim)))) for scores in heads) / len(heads)

        return ops.mean(ops.sum(ops.square(input_gradient(total, real)), axis=(1, 2, 3)))

    def _scores(self, images: Any, style: Any, training: bool) -> list[Any]:
        if self.seed:
            images = augment(images, self.recipe.discriminator.diff_augment, self.seed)
        heads = self.discriminator(images if style is None else [images, style], training=training)
        return heads if isinstance(heads, list) else [heads]
