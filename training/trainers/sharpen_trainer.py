"""Sharpening: a U-Net behind a trained teacher redraws its cartoons at a larger size.

A small CycleGAN trains in an hour, one of twice the size in four. The U-Net learns from pairs. The sharp half is a real
cartoon. The blurred half is the same cartoon after the teacher translated it to a photograph and back at the small
size. The teacher's cartoons of photographs have no sharp half. They only have to pass the same discriminator.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.training.pictures.batches import centre_crops
from facetoon.training.pictures.images import ImageSet
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.checkpoint import load_generator
from facetoon.training.trainers.pairs_trainer import PairedTranslation

TEACHING_BATCH = 32


class Sharpening(PairedTranslation):
    """Trains the U-Net on pairs. A run keeps teacher and U-Net as one network of the recipe's size."""

    def __init__(self, recipe: Recipe, teacher: Path) -> None:
        """`teacher` is the run directory of a CycleGAN with both generators, of half the recipe's size or less."""
        super().__init__(recipe)
        self.draw, self.undraw = load_generator(teacher, "ab"), load_generator(teacher, "ba")
        self.small_px = self.draw.input_shape[1]
        if recipe.data.size_px % self.small_px or recipe.data.size_px == self.small_px:
            raise InputError(
                f"The teacher {teacher} draws {self.small_px} px: data.size_px must be 2, 3 or more times that, "
                f"not {recipe.data.size_px}."
            )
        self.generators = {"ab": self._chain()}

    def teach(self, domains: dict[str, ImageSet]) -> dict[str, ImageSet]:
        """Turn cartoons into "pairs" (n, 2, side, side, 3), blurred and sharp, and "photos" into teacher's cartoons."""
        cartoons, photos = domains["cartoons"], domains["photos"]
        sharp = centre_crops(cartoons.images, "cartoons", self.recipe, self.recipe.data.size_px)
        blurred = self._through(sharp, self.undraw, self.draw)
        redrawn = self._through(photos.images, self.draw)
        return {
            "pairs": dataclasses.replace(cartoons, images=np.stack([blurred, sharp], axis=1)),
            "photos": dataclasses.replace(photos, images=redrawn),
        }

    def _through(self, images: Image, *networks: Any) -> Image:
        """Send uint8 pictures (n, side, side, 3) through networks of the teacher's size and back to their own size."""
        out = []
        for start in range(0, len(images), TEACHING_BATCH):
            part = images[start : start + TEACHING_BATCH]
            small = pixels.to_unit(np.stack([pixels.square(image, self.small_px) for image in part]))
            for network in networks:
                small = network(small, training=False)
            out += [pixels.square(image, images.shape[1]) for image in pixels.from_unit(np.asarray(small))]
        return np.stack(out)

    def _chain(self) -> keras.Model:
        """Chain one network: reduction to the teacher's size, teacher, enlargement, and the U-Net's moving average."""
        size_px = self.recipe.data.size_px
        factor = size_px // self.small_px
        photo = keras.Input((size_px, size_px, 3), name="image")
        teacher = keras.Model(self.draw.input, self.draw.output, name="teacher")  # both are called ema_ab
        cartoon = teacher(layers.AveragePooling2D(factor)(photo))
        cartoon = layers.UpSampling2D(factor, interpolation="bilinear")(cartoon)
        return keras.Model(photo, self.average.model(cartoon), name="sharpened")
