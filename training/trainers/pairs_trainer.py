"""Image-to-image translation from aligned pairs (pix2pix, Isola et al. 2017), with the CycleGAN's generator.

A few dozen pairs show the style. Photographs without a pair are optional and show more people. Their cartoons must pass
the same discriminator and keep the photographs' tones.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from facetoon.edge_runtime.pixels import Tensor
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.networks import losses
from facetoon.training.networks.precision import precision
from facetoon.training.networks.teacher import build_generator
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.trainer import Trainer
from facetoon.training.trainers.adversary import Adversary
from facetoon.training.trainers.moving_average import MovingAverage
from facetoon.training.trainers.optimizers import adam, linear_decay


class PairedTranslation(Trainer):
    """Generator, discriminator of cartoons, optimizers and the compiled step. A run keeps the moving average."""

    def __init__(self, recipe: Recipe) -> None:
        keras.utils.set_random_seed(recipe.seed)
        self.recipe = recipe
        o, size_px = recipe.optimizer, recipe.data.size_px
        self.adversarial = recipe.pairs.adversarial_weight > 0
        with precision(recipe):
            self.generator = build_generator(recipe.generator, size_px, "gen_ab")
            self.side = Adversary(recipe, "disc_b", recipe.seed)
        self.average = MovingAverage(self.generator, recipe, "ema_ab")
        self.generators = {"ab": self.average.model}
        self.networks = {"gen_ab": self.generator, "disc_b": self.side, "ema_ab": self.average.model}
        self.generator_optimizer = adam(o.learning_rate_generator, self.generator.trainable_variables, o)
        self.discriminator_optimizer = adam(o.learning_rate_discriminator, self.side.trainable_variables, o)
        self._train = compile_step(self._step, self.variables, recipe.compute.jit_compile)

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        return [v for part in (*self.networks.values(), *optimizers) for v in part.variables]

    def step(self, index: int, photos: Tensor, cartoons: Tensor, *unpaired: Tensor) -> dict[str, float]:
        """Train once on aligned photographs and cartoons, and on photographs without a pair; returns losses by name.

        All are float32 (batch, size_px, size_px, 3) in -1..1.
        """
        o = self.recipe.optimizer
        decay = linear_decay(index, self.recipe.steps, o.decay_from)
        self.generator_optimizer.learning_rate.assign(o.learning_rate_generator * decay)
        self.discriminator_optimizer.learning_rate.assign(o.learning_rate_discriminator * decay)
        return {name: float(value) for name, value in self._train(photos, cartoons, *unpaired).items()}

    def translate(self, photos: Tensor, cartoons: Tensor, *unpaired: Tensor) -> list[Tensor]:
        """Return columns: photograph, drawn cartoon, real cartoon; then an unpaired photograph and its cartoon."""
        columns = [photos, self.average.model(photos), cartoons]
        return columns + [column for more in unpaired for column in (more, self.average.model(more))]

    def test(self, photos: Tensor, cartoons: Tensor, *_: Tensor) -> dict[str, float]:
        """Return L1 and 1 - SSIM of held-out pairs."""
        fake = self.average.model(photos)
        return {"test_l1": float(losses.l1(fake, cartoons)), "test_ssim": 1 - float(losses.ssim(fake, cartoons))}

    def _step(self, photos: Any, cartoons: Any, *unpaired: Any) -> dict[str, Any]:
        variables = self.generator.trainable_variables
        _, (parts, fakes), gradients = value_and_grad(lambda: self._loss(photos, cartoons, *unpaired), variables)
        self.generator_optimizer.apply(gradients, variables)
        self.average.move()
        if self.adversarial:
            fakes, variables = ops.stop_gradient(fakes), self.side.trainable_variables
            loss, _, gradients = value_and_grad(lambda: (self.side.discriminator_loss(cartoons, fakes), ()), variables)
            self.discriminator_optimizer.apply(gradients, variables)
            parts["disc_b"] = loss
        return parts

    def _loss(self, photos: Any, cartoons: Any, *unpaired: Any) -> tuple[Any, tuple[dict[str, Any], Any]]:
        p, count = self.recipe.pairs, photos.shape[0]
        fakes = self.generator(ops.concatenate([photos, *unpaired]), training=True)
        fake = fakes[:count]
        parts = {
            "l1": losses.l1(fake, cartoons),
            "gradient": losses.gradient_l1(fake, cartoons),
            "ssim": 1 - losses.ssim(fake, cartoons),
        }
        loss = p.l1_weight * parts["l1"] + p.gradient_weight * parts["gradient"] + p.ssim_weight * parts["ssim"]
        if self.adversarial:
            parts["gan_ab"] = self.side.generator_loss(fakes)
            loss = loss + p.adversarial_weight * parts["gan_ab"]
        if unpaired and self.recipe.loss.colour_weight:
            parts["colour"] = losses.coarse_colour(fakes[count:], unpaired[0])
            loss = loss + self.recipe.loss.colour_weight * parts["colour"]
        return loss, (parts, fakes)
