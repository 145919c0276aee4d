"""A CycleGAN with a projected critic: a full generator from photograph to cartoon, a light one back.

Letters are those of cyclegan_trainer.py: a is the photograph, b the cartoon. The way back only has to show that the
photograph is still in the cartoon, so it works at `loss.back_px`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.training.critic.held_colour import held
from facetoon.training.critic.projected_critic import ProjectedCritic
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.guides.photo_guides import Guides
from facetoon.training.networks import losses
from facetoon.training.networks.precision import precision
from facetoon.training.networks.teacher import build_generator, normal
from facetoon.training.networks.unet_shuffle import unet_shuffle
from facetoon.training.pictures.images import ImageSet
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.trainer import Trainer
from facetoon.training.trainers.moving_average import MovingAverage
from facetoon.training.trainers.optimizers import adam, linear_decay

FEATURES_WEIGHT = 8.0  # of eyes and mouth in the drawn start
SHEET_COLUMNS = 4  # pairs of columns on a sample sheet
TEST_BATCH = 8


class CriticCycleGAN(Trainer):
    """The networks, their optimizers and the compiled steps. A run keeps the generator's moving average."""

    sheet_pictures = 24

    def __init__(self, recipe: Recipe, features: Path, guides: Guides) -> None:
        """Raises InputError when `features` is no file of frozen features, or the size does not fit `loss.back_px`."""
        keras.utils.set_random_seed(recipe.seed)
        self.recipe, self.guides, o = recipe, guides, recipe.optimizer
        _check_sizes(recipe.data.size_px, recipe.loss.back_px)
        with precision(recipe):
            self.gen_ab = build_generator(recipe.generator, recipe.data.size_px, "gen_ab")
            self.back_ba = build_light()
            self.critic = ProjectedCritic(recipe, features, "disc_b", recipe.seed)
        self.ema_ab = MovingAverage(self.gen_ab, recipe, "ema_ab")
        self.generators = {"ab": self.ema_ab.model}
        self.networks = {
            **{"gen_ab": self.gen_ab, "back_ba": self.back_ba},
            **{"disc_b": self.critic, "ema_ab": self.ema_ab.model},
        }
        self.generator_variables = self.gen_ab.trainable_variables + self.back_ba.trainable_variables
        self.generator_optimizer = adam(o.learning_rate_generator, self.generator_variables, o)
        self.critic_optimizer = adam(o.learning_rate_discriminator, self.critic.trainable_variables, o)
        self.keep = keras.Variable(0.0, trainable=False, name="keep")
        jit = recipe.compute.jit_compile
        self._draw = compile_step(self._draw_step, self.variables, jit)
        self._train_generator = compile_step(self._generator_step, self.variables, jit)
        self._train_critic = compile_step(self._critic_step, self.variables, jit)

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        optimizers = (self.generator_optimizer, self.critic_optimizer)
        return [*(v for part in (*self.networks.values(), *optimizers) for v in part.variables), self.keep]

    def teach(self, domains: dict[str, ImageSet]) -> dict[str, ImageSet]:
        """Adds masks and drawn geometry to the photographs."""
        return {"guided": self.guides.guided(domains["photos"]), "cartoons": domains["cartoons"]}

    def step(self, index: int, photo: Tensor, masks: Tensor, drawn: Tensor, cartoon: Tensor) -> dict[str, float]:
        """Train once on batches (batch, size_px, size_px, 3), float -1..1, the masks too; the losses by name."""
        o = self.recipe.optimizer
        start, decay = self.recipe.start, linear_decay(index, self.recipe.steps, o.decay_from)
        drawing = bool(start.draw) and index < start.steps
        rate = start.learning_rate if drawing else o.learning_rate_generator * decay
        self.generator_optimizer.learning_rate.assign(rate)
        self.critic_optimizer.learning_rate.assign(o.learning_rate_discriminator * decay)
        self.keep.assign(slowing(index, o.ema_decay))
        if drawing:
            parts = self._draw(photo, masks, drawn)
        else:
            parts, fake, maps = self._train_generator(photo, masks)
            parts = {**parts, **self._train_critic(cartoon, fake, maps)}
        return {name: float(value) for name, value in parts.items()}

    def test(self, photo: Tensor, masks: Tensor, drawn: Tensor, cartoon: Tensor) -> dict[str, float]:
        """Cycle error of the moving average, MSE, and how far its colours are from the photographs', in Lab."""
        fake = self._drawn_by(self.ema_ab.model, photo)
        small = ops.convert_to_tensor(self._small(photo))
        masks = (ops.convert_to_tensor(masks) + 1.0) / 2.0
        parts = held(ops.convert_to_tensor(fake), ops.convert_to_tensor(photo), masks, self.recipe.hold)
        scores = {"test_cycle": losses.mse(self.back_ba(self._small(fake), training=False), small)}
        scores |= {f"test_{name}": 100 * value for name, value in parts.items()}
        return {name: float(value) for name, value in scores.items()}

    def translate(self, photo: Tensor, masks: Tensor, drawn: Tensor, cartoon: Tensor) -> list[Tensor]:
        """Columns of photographs, and beside each one the moving average's cartoons."""
        fake = self._drawn_by(self.ema_ab.model, photo)
        rows = -(-len(photo) // SHEET_COLUMNS)
        return [x[i : i + rows] for i in range(0, len(photo), rows) for x in (photo, fake)]

    def _drawn_by(self, generator: Any, photo: Tensor) -> Tensor:
        starts = range(0, len(photo), TEST_BATCH)
        parts = [generator(photo[i : i + TEST_BATCH], training=False) for i in starts]
        return np.concatenate([np.asarray(part) for part in parts])

    def _small(self, images: Any) -> Any:
        factor = images.shape[1] // self.recipe.loss.back_px
        return ops.average_pool(images, factor, factor) if factor > 1 else images

    def _cycle(self, fake: Any, photo: Any) -> Any:
        loss = losses.CYCLE_LOSSES[self.recipe.loss.cycle]
        return loss(self.back_ba(self._small(fake), training=True), self._small(photo))

    def _draw_step(self, photo: Any, masks: Any, drawn: Any) -> dict[str, Any]:
        """Regression to the drawn geometry. The way back learns to come back from it.

        Eyes and mouth cover little of the picture and are most of the geometry, so they weigh more.
        """
        weight = 1.0 + (FEATURES_WEIGHT - 1.0) * (masks[..., 2:] + 1.0) / 2.0

        def loss() -> tuple[Any, dict[str, Any]]:
            fake = self.gen_ab(photo, training=True)
            parts = {
                "draw": losses.l1(fake * weight, drawn * weight) + losses.gradient_l1(fake, drawn),
                "cycle": self._cycle(fake, photo),
            }
            return parts["draw"] + self.recipe.loss.cycle_weight * parts["cycle"], parts

        _, parts, gradients = value_and_grad(loss, self.generator_variables)
        self._move_generator(gradients)
        return parts

    def _generator_step(self, photo: Any, masks: Any) -> tuple[dict[str, Any], Any, Any]:
        _, (parts, fake, maps), gradients = value_and_grad(
            lambda: self._generator_loss(photo, (masks + 1.0) / 2.0), self.generator_variables
        )
        self._move_generator(gradients)
        return parts, fake, maps

    def _move_generator(self, gradients: list[Any]) -> None:
        self.generator_optimizer.apply(gradients, self.generator_variables)
        self.ema_ab.move(ops.convert_to_tensor(self.keep))

    def _generator_loss(self, photo: Any, masks: Any) -> tuple[Any, tuple[dict[str, Any], Any, Any]]:
        hold = self.recipe.hold
        fake = self.gen_ab(photo, training=True)
        maps = self.critic.look(fake)
        parts = {"gan": self.critic.generator_loss(maps, fake), "cycle": self._cycle(fake, photo)}
        parts |= held(fake, photo, masks, hold)
        loss = parts["gan"] + self.recipe.loss.cycle_weight * parts["cycle"] + hold.rest_weight * parts["rest"]
        loss = loss + hold.skin_weight * parts["skin"] + hold.hair_weight * parts["hair"]
        return loss + hold.light_weight * parts["light"], (parts, fake, maps)

    def _critic_step(self, cartoon: Any, fake: Any, maps: Any) -> dict[str, Any]:
        real_maps = self.critic.look(cartoon)

        def loss() -> tuple[Any, dict[str, Any]]:
            value = self.critic.discriminator_loss(real_maps, cartoon, maps, fake)
            return value, {"disc": value}

        _, parts, gradients = value_and_grad(loss, self.critic.trainable_variables)
        self.critic_optimizer.apply(gradients, self.critic.trainable_variables)
        return parts


def _check_sizes(size_px: int, back_px: int) -> None:
    """Raises InputError unless the pictures for the way back can be halved twice."""
    if size_px // max(size_px // back_px, 1) % 4:
        raise InputError(
            f"The way back cannot work at {back_px} px on pictures of {size_px} px: "
            f"set loss.back_px to a multiple of 4 that divides {size_px}."
        )


def slowing(step: int, ema_decay: float) -> float:
    """The share that the moving average keeps at a step: little at first, 0.998 at step 5,000, at most `ema_decay`."""
    return min(1.0 - 10.0 / (step + 11), ema_decay)


def build_light() -> keras.Model:
    """The way back: pictures (batch, side, side, 3), float -1..1, to the same, with a tenth of a generator's work."""
    inputs = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(3, 3, padding="same", kernel_initializer=normal())(unet_shuffle(inputs, 24, 2, deepest=2))
    return keras.Model(inputs, layers.Activation("tanh", dtype="float32")(x), name="back_ba")
