"""CycleGAN (Zhu et al. 2017): two generators, two discriminators, and the step that trains them.

Domain a is photographs, b is cartoons: `fake_b = gen_ab(real_a)` and `reco_a = gen_ba(fake_b)`.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from facetoon.edge_runtime.pixels import Tensor
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.engine.cluster import own_rows
from facetoon.training.networks import losses
from facetoon.training.networks.precision import precision
from facetoon.training.networks.teacher import build_generator
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.trainer import Trainer
from facetoon.training.trainers.adversary import Adversary
from facetoon.training.trainers.image_pool import ImagePool
from facetoon.training.trainers.moving_average import MovingAverage
from facetoon.training.trainers.optimizers import adam, linear_decay


class CycleGAN(Trainer):
    """The networks, their optimizers and the compiled step. A run keeps the generators' moving averages."""

    def __init__(self, recipe: Recipe) -> None:
        keras.utils.set_random_seed(recipe.seed)
        self.recipe = recipe
        size_px, o = recipe.data.size_px, recipe.optimizer
        with precision(recipe):
            self.gen_ab = build_generator(recipe.generator, size_px, "gen_ab")
            self.gen_ba = build_generator(recipe.generator, size_px, "gen_ba")
            self.side_a = Adversary(recipe, "disc_a", recipe.seed)
            self.side_b = Adversary(recipe, "disc_b", recipe.seed + 1)
        self.ema_ab = MovingAverage(self.gen_ab, recipe, "ema_ab")
        self.ema_ba = MovingAverage(self.gen_ba, recipe, "ema_ba")
        self.generators = {"ab": self.ema_ab.model, "ba": self.ema_ba.model}
        self.networks = {
            **{"gen_ab": self.gen_ab, "gen_ba": self.gen_ba, "disc_a": self.side_a, "disc_b": self.side_b},
            **{"ema_ab": self.ema_ab.model, "ema_ba": self.ema_ba.model},
        }

        self.generator_variables = self.gen_ab.trainable_variables + self.gen_ba.trainable_variables
        self.discriminator_variables = self.side_a.trainable_variables + self.side_b.trainable_variables
        self.generator_optimizer = adam(o.learning_rate_generator, self.generator_variables, o)
        self.discriminator_optimizer = adam(o.learning_rate_discriminator, self.discriminator_variables, o)
        self.pool_a = ImagePool(o.pool_size, size_px, recipe.seed)
        self.pool_b = ImagePool(o.pool_size, size_px, recipe.seed + 1)

        jit = recipe.compute.jit_compile
        self._train_generators = compile_step(self._generator_step, self.variables, jit)
        self._train_discriminators = compile_step(self._discriminator_step, self.variables, jit)

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        return [v for part in (*self.networks.values(), *optimizers) for v in part.variables]

    def host_state(self) -> dict[str, Tensor]:
        """Return the image pools."""
        return {**self.pool_a.state("pool_a"), **self.pool_b.state("pool_b")}

    def restore_host_state(self, state: dict[str, Tensor]) -> None:
        """Restore the image pools."""
        self.pool_a.restore("pool_a", state)
        self.pool_b.restore("pool_b", state)

    def step(self, index: int, real_a: Tensor, real_b: Tensor) -> dict[str, float]:
        """Train once on photographs and cartoons, float32 (batch, size_px, size_px, 3) in -1..1; losses by name."""
        o = self.recipe.optimizer
        decay = linear_decay(index, self.recipe.steps, o.decay_from)
        self.generator_optimizer.learning_rate.assign(o.learning_rate_generator * decay)
        self.discriminator_optimizer.learning_rate.assign(o.learning_rate_discriminator * decay)
        parts, fake_a, fake_b = self._train_generators(real_a, real_b)
        fake_a, fake_b = self.pool_a.exchange(np.asarray(fake_a)), self.pool_b.exchange(np.asarray(fake_b))
        parts |= self._train_discriminators(real_a, real_b, own_rows(fake_a), own_rows(fake_b))
        return {name: float(value) for name, value in parts.items()}

    def translate(self, photos: Tensor, cartoons: Tensor) -> list[Tensor]:
        """Return six columns: photograph, its cartoon, and back; cartoon, its photograph, and back."""
        ab, ba = self.generators["ab"], self.generators["ba"]
        fake_b, fake_a = ab(photos), ba(cartoons)
        return [photos, fake_b, ba(fake_b), cartoons, fake_a, ab(fake_a)]

    def test(self, photos: Tensor, cartoons: Tensor) -> dict[str, float]:
        """Return the held-out cycle error, L1. It shows a collapse; toon-train score measures the cartoons."""
        _, _, reco_a, _, _, reco_b = self.translate(photos, cartoons)
        cycles = {"test_cycle_a": losses.l1(reco_a, photos), "test_cycle_b": losses.l1(reco_b, cartoons)}
        values = {name: float(value) for name, value in cycles.items()}
        return {"test_cycle": sum(values.values()) / 2, **values}

    def _generator_step(self, real_a: Any, real_b: Any) -> tuple[dict[str, Any], Any, Any]:
        _, (parts, fake_a, fake_b), gradients = value_and_grad(
            lambda: self._generator_loss(real_a, real_b), self.generator_variables
        )
        self.generator_optimizer.apply(gradients, self.generator_variables)
        self.ema_ab.move()
        self.ema_ba.move()
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
            "gan_ab": self.side_b.generator_loss(fake_b),
            "gan_ba": self.side_a.generator_loss(fake_a),
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
            "disc_a": self.side_a.discriminator_loss(real_a, fake_a),
            "disc_b": self.side_b.discriminator_loss(real_b, fake_b),
        }
        return parts["disc_a"] + parts["disc_b"], parts
