"""CycleGAN (Zhu et al. 2017): two generators, two discriminators, and the step that trains them.

Letters as everywhere in the field: a is the photograph, b the cartoon; `fake_b = gen_ab(real_a)`,
`reco_a = gen_ba(fake_b)`.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from edge_runtime.pixels import Tensor
from training import losses
from training.backend import compile_step, value_and_grad
from training.config import Recipe
from training.discriminator import build_discriminator
from training.replay import ImagePool
from training.teacher import build_teacher


class CycleGAN:
    """The networks, their optimizers and the compiled step.

    `generators` names what is kept: the exponential moving averages (EMA), steadier than the weights being trained.
    """

    def __init__(self, recipe: Recipe) -> None:
        keras.utils.set_random_seed(recipe.seed)
        self.recipe = recipe
        size_px, g, d = recipe.data.size_px, recipe.generator, recipe.discriminator
        self.gen_ab = build_teacher(size_px, g.filters, g.blocks, "gen_ab")
        self.gen_ba = build_teacher(size_px, g.filters, g.blocks, "gen_ba")
        self.disc_a = build_discriminator(size_px, d.filters, d.layers, "disc_a")
        self.disc_b = build_discriminator(size_px, d.filters, d.layers, "disc_b")
        self.ema_ab = _copy(self.gen_ab, "ema_ab")
        self.ema_ba = _copy(self.gen_ba, "ema_ba")
        self.generators = {"ab": self.ema_ab, "ba": self.ema_ba}

        o = recipe.optimizer
        self.generator_variables = self.gen_ab.trainable_variables + self.gen_ba.trainable_variables
        self.discriminator_variables = self.disc_a.trainable_variables + self.disc_b.trainable_variables
        self.generator_optimizer = _adam(o.learning_rate_generator, self.generator_variables)
        self.discriminator_optimizer = _adam(o.learning_rate_discriminator, self.discriminator_variables)
        self.pool_a = ImagePool(o.pool_size, size_px, recipe.seed)
        self.pool_b = ImagePool(o.pool_size, size_px, recipe.seed + 1)

        self._train_generators = compile_step(self._generator_step, self.variables)
        self._train_discriminators = compile_step(self._discriminator_step, self.variables)

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        models = (self.gen_ab, self.gen_ba, self.disc_a, self.disc_b, self.ema_ab, self.ema_ba)
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        return [v for part in (*models, *optimizers) for v in part.variables]

    def host_state(self) -> dict[str, Tensor]:
        """What a checkpoint must hold beside the variables."""
        return {**self.pool_a.state("pool_a"), **self.pool_b.state("pool_b")}

    def restore_host_state(self, state: dict[str, Tensor]) -> None:
        """The reverse of `host_state`."""
        self.pool_a.restore("pool_a", state)
        self.pool_b.restore("pool_b", state)

    def step(self, index: int, real_a: Tensor, real_b: Tensor) -> dict[str, float]:
        """Train once on float -1..1 batches (batch, size_px, size_px, 3); returns the losses by name."""
        o = self.recipe.optimizer
        decay = _linear_decay(index, self.recipe.steps)
        self.generator_optimizer.learning_rate.assign(o.learning_rate_generator * decay)
        self.discriminator_optimizer.learning_rate.assign(o.learning_rate_discriminator * decay)
        parts, fake_a, fake_b = self._train_generators(real_a, real_b)
        fake_a, fake_b = self.pool_a.exchange(np.asarray(fake_a)), self.pool_b.exchange(np.asarray(fake_b))
        parts |= self._train_discriminators(real_a, real_b, fake_a, fake_b)
        return {name: float(value) for name, value in parts.items()}

    def translate(self, photos: Tensor, cartoons: Tensor) -> list[Tensor]:
        """Columns of a sample sheet from float batches: photo, cartoon of it, photo again; and the reverse."""
        fake_b, fake_a = self.ema_ab(photos), self.ema_ba(cartoons)
        return [photos, fake_b, self.ema_ba(fake_b), cartoons, fake_a, self.ema_ab(fake_a)]

    def _generator_step(self, real_a: Any, real_b: Any) -> tuple[dict[str, Any], Any, Any]:
        _, (parts, fake_a, fake_b), gradients = value_and_grad(
            lambda: self._generator_loss(real_a, real_b), self.generator_variables
        )
        self.generator_optimizer.apply(gradients, self.generator_variables)
        self._move_average()
        return parts, fake_a, fake_b

    def _discriminator_step(self, real_a: Any, real_b: Any, fake_a: Any, fake_b: Any) -> dict[str, Any]:
        _, parts, gradients = value_and_grad(
            lambda: self._discriminator_loss(real_a, real_b, fake_a, fake_b), self.discriminator_variables
        )
        self.discriminator_optimizer.apply(gradients, self.discriminator_variables)
        return parts

    def _generator_loss(self, real_a: Any, real_b: Any) -> tuple[Any, tuple[dict[str, Any], Any, Any]]:
        weights = self.recipe.loss
        cycle = losses.CYCLE_LOSSES[weights.cycle]
        fake_b = self.gen_ab(real_a, training=True)
        fake_a = self.gen_ba(real_b, training=True)
        reco_a = self.gen_ba(fake_b, training=True)
        reco_b = self.gen_ab(fake_a, training=True)
        parts = {
            "gan_ab": losses.lsgan_generator(self.disc_b(fake_b, training=True)),
            "gan_ba": losses.lsgan_generator(self.disc_a(fake_a, training=True)),
            "cycle_a": cycle(reco_a, real_a),
            "cycle_b": cycle(reco_b, real_b),
        }
        loss = parts["gan_ab"] + parts["gan_ba"] + weights.cycle_weight * (parts["cycle_a"] + parts["cycle_b"])
        if weights.colour_weight:
            parts["colour"] = losses.coarse_colour(fake_b, real_a) + losses.coarse_colour(fake_a, real_b)
            loss = loss + weights.colour_weight * parts["colour"]
        if weights.identity_weight:
            same_a = cycle(self.gen_ba(real_a, training=True), real_a)
            same_b = cycle(self.gen_ab(real_b, training=True), real_b)
            parts["identity"] = same_a + same_b
            loss = loss + weights.identity_weight * parts["identity"]
        return loss, (parts, fake_a, fake_b)

    def _discriminator_loss(self, real_a: Any, real_b: Any, fake_a: Any, fake_b: Any) -> tuple[Any, dict[str, Any]]:
        parts = {
            "disc_a": losses.lsgan_discriminator(
                self.disc_a(real_a, training=True), self.disc_a(fake_a, training=True)
            ),
            "disc_b": losses.lsgan_discriminator(
                self.disc_b(real_b, training=True), self.disc_b(fake_b, training=True)
            ),
        }
        return parts["disc_a"] + parts["disc_b"], parts

    def _move_average(self) -> None:
        keep = self.recipe.optimizer.ema_decay
        for model, average in ((self.gen_ab, self.ema_ab), (self.gen_ba, self.ema_ba)):
            for variable, mean in zip(model.variables, average.variables, strict=True):
                mean.assign(keep * mean + (1.0 - keep) * ops.convert_to_tensor(variable))


def _copy(model: keras.Model, name: str) -> keras.Model:
    twin = keras.models.clone_model(model)
    twin.name = name
    twin.set_weights(model.get_weights())
    twin.trainable = False
    return twin


def _adam(learning_rate: float, variables: list[Any]) -> keras.optimizers.Adam:
    optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.5)
    optimizer.build(variables)  # before tracing: a compiled step may create no variables
    return optimizer


def _linear_decay(step: int, steps: int) -> float:
    """1 for the first half of the run, then linearly to 0 at its end."""
    return min(1.0, 2.0 * (1.0 - step / steps))
