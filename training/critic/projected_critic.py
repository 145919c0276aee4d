"""The projected critic (Sauer et al. 2021): small heads on frozen features behind frozen random projections.

A small PatchGAN on pixels (Isola et al. 2017) works beside it: features at a quarter of the size see no crisp lines.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from facetoon.training.critic.frozen_features import FrozenFeatures
from facetoon.training.critic.random_moves import move
from facetoon.training.networks import losses
from facetoon.training.networks.discriminator import SpectralConv2D
from facetoon.training.recipes.parts import DiscriminatorRecipe
from facetoon.training.recipes.recipe import Recipe

Maps = list[Any]


class ProjectedCritic:
    """The discriminator of the cartoons. `variables` does not hold the frozen features.

    A caller passes each batch to `look` once, and its maps to the losses. The generator's step and the critic's then
    share one pass through the features, which cost as much as the generator.
    """

    def __init__(self, recipe: Recipe, features: Path, name: str, seed: int) -> None:
        """Builds the networks, for which the recipe's seed must be set; `seed` is for the projections and moves."""
        d = recipe.discriminator
        self.features = FrozenFeatures(features)
        self.projections = _projections(self.features, d.projected_filters, seed)
        self.heads = build_heads(len(self.projections), d, f"{name}_heads")
        self.pixel = build_pixel_critic(d, f"{name}_pixel")
        self.pixel_weight, self.look_px = d.pixel_weight, d.look_px
        self.seed = keras.random.SeedGenerator(seed)

    @property
    def trainable_variables(self) -> list[Any]:
        """The variables that its optimizer moves."""
        return self.heads.trainable_variables + self.pixel.trainable_variables

    @property
    def variables(self) -> list[Any]:
        """The variables that a checkpoint must hold."""
        return [*self.heads.variables, *self.pixel.variables, self.seed.state]

    def look(self, images: Any) -> Maps:
        """Moves pictures (batch, side, side, 3), float -1..1, a little; returns one projected map for each stride."""
        factor = images.shape[1] // self.look_px
        images = ops.average_pool(images, factor, factor) if factor > 1 else images
        maps = self.features(move(images, self.seed))
        return [ops.matmul(x, ops.cast(p, x.dtype)) for x, p in zip(maps, self.projections, strict=True)]

    def generator_loss(self, maps: Maps, fake: Any) -> Any:
        """The generator's loss on fakes (batch, side, side, 3) and their maps from `look`: sum over the heads."""
        scores = self.heads(maps, training=False)
        loss = sum(losses.hinge_generator(s) for s in scores)
        return loss + self.pixel_weight * losses.hinge_generator(self.pixel(fake, training=False))

    def discriminator_loss(self, real_maps: Maps, real: Any, fake_maps: Maps, fake: Any) -> Any:
        """The critic's loss on pictures and their maps: sum over the heads."""
        both = [ops.concatenate(pair) for pair in zip(real_maps, fake_maps, strict=True)]
        scores = self.heads(both, training=True)
        loss = sum(losses.hinge_discriminator(*ops.split(s, 2)) for s in scores)
        pixel = self.pixel(ops.concatenate([real, fake]), training=True)
        return loss + self.pixel_weight * losses.hinge_discriminator(*ops.split(pixel, 2))


def build_heads(count: int, d: DiscriminatorRecipe, name: str) -> keras.Model:
    """Projected maps (batch, h, w, projected_filters), finest first, to scores (batch, n, m, 1) of each."""
    inputs = [keras.Input((None, None, d.projected_filters), name=f"map_{index}") for index in range(count)]
    return keras.Model(inputs, [_head(x, d.projected_filters, finest=not i) for i, x in enumerate(inputs)], name=name)


def _head(x: Any, filters: int, finest: bool) -> Any:
    x = _leaky(SpectralConv2D(filters, 3, 2 if finest else 1, padding="same")(x))
    x = _leaky(SpectralConv2D(filters, 3, padding="same")(x))
    return SpectralConv2D(1, 1, padding="same", dtype="float32")(x)


def build_pixel_critic(d: DiscriminatorRecipe, name: str) -> keras.Model:
    """Pictures (batch, side, side, 3), float -1..1, to scores (batch, side / 8, side / 8, 1), each of a 38 px patch."""
    x = inputs = keras.Input((None, None, 3), name="image")
    for factor in (1, 2, 4):
        x = _leaky(SpectralConv2D(factor * d.pixel_filters, 4, 2, padding="same")(x))
    return keras.Model(inputs, SpectralConv2D(1, 3, padding="same", dtype="float32")(x), name=name)


def _leaky(x: Any) -> Any:
    return layers.LeakyReLU(0.2)(x)


def _projections(features: FrozenFeatures, filters: int, seed: int) -> list[Any]:
    """Random matrices (channels, filters) that bring every map to unit size; the same ones for the same seed.

    Maps of different strides differ in size by a factor of tens. It is measured on smooth random pictures.
    """
    random = np.random.default_rng(seed)
    sizes = [float(np.sqrt(np.mean(np.square(m)))) for m in map(np.asarray, features(_smooth_pictures(random)))]
    return [
        (random.normal(size=(c, filters)) / (np.sqrt(c) * max(size, 1e-6))).astype(np.float32)
        for c, size in zip(features.channels, sizes, strict=True)
    ]


def _smooth_pictures(random: np.random.Generator, side_px: int = 128) -> Any:
    """Sums of random waves, (4, side, side, 3) float32 -1..1: they have lines, plain areas and colours."""
    rows = np.arange(side_px) / side_px
    total = np.zeros((4, side_px, side_px, 3))
    for frequency in (1, 2, 4, 8, 16):
        phase, turn = random.uniform(0, 2 * np.pi, (2, 4, 1, 1, 3))
        along = np.cos(turn) * rows[None, :, None, None] + np.sin(turn) * rows[None, None, :, None]
        total += np.sin(2 * np.pi * frequency * along + phase) / np.sqrt(frequency)
    return np.clip(total, -1, 1).astype(np.float32)
