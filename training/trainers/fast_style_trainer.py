"""The fast baseline: trains a feed-forward network with the losses of style transfer (Johnson et al. 2016).

The network has the student's layout, so toon-convert takes its run directory like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from facetoon.edge_runtime.pixels import Image, Tensor
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.networks import perceptual, vgg
from facetoon.training.networks.student import build_student
from facetoon.training.networks.vgg_weights import VggWeights
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.trainer import Trainer
from facetoon.training.stylize import style_transfer
from facetoon.training.trainers.optimizers import cosine_decay


class FastStyle(Trainer):
    """Student, optimizer and the compiled step. The encoder and the style's Gram matrices do not change."""

    def __init__(self, recipe: Recipe, weights: VggWeights, styles: Sequence[Image], shares: Sequence[float]) -> None:
        """`styles` are RGB uint8 (h, w, 3), `shares` their weights. Raises InputError for unusable ones."""
        keras.utils.set_random_seed(recipe.seed)
        self.recipe, f = recipe, recipe.fast_style
        self.layers = style_transfer.chosen_layers(weights, styles, f.style_layers.split())
        self.content_layers = f.content_layers.split()
        self.encoder = vgg.build_encoder(weights, tuple(dict.fromkeys((*self.layers, *self.content_layers))))
        shares = style_transfer.shares_of(shares, len(styles))
        self.style = perceptual.style_grams(self.encoder, styles, shares, self.layers)
        self.weights = perceptual.LossWeights(f.content_weight, f.style_weight, f.tv_weight * f.strength)
        self.student = build_student(recipe.data.size_px, recipe.student)
        self.generators = {"ab": self.student}
        self.networks = {"student": self.student}
        self.optimizer = keras.optimizers.Adam(f.learning_rate)
        self.optimizer.build(self.student.trainable_variables)
        self.noise = keras.random.SeedGenerator(recipe.seed)
        self._train = compile_step(self._step, [*self.variables, *self.encoder.variables])

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        return [*self.student.variables, *self.optimizer.variables, self.noise.state]

    def step(self, index: int, photos: Tensor) -> dict[str, float]:
        """Train once on photographs, float32 (batch, size_px, size_px, 3) in -1..1; returns the losses by name."""
        decay = cosine_decay(index, self.recipe.steps)
        self.optimizer.learning_rate.assign(self.recipe.fast_style.learning_rate * decay)
        return {name: float(value) for name, value in self._train(photos).items()}

    def translate(self, photos: Tensor) -> list[Tensor]:
        """Return two columns: photograph, painted photograph."""
        return [photos, self.student(photos)]

    def test(self, photos: Tensor) -> dict[str, float]:
        """Return the training losses on held-out photographs, without noise."""
        photos = ops.convert_to_tensor(photos)
        _, parts = self._loss(self.student(photos), *self._targets(photos))
        return {f"test_{name}": float(value) for name, value in parts.items()}

    def _step(self, photos: Any) -> dict[str, Any]:
        targets = self._targets(photos)
        spread = self.recipe.fast_style.noise_levels / 127.5
        noisy = photos + keras.random.normal(ops.shape(photos), stddev=spread, seed=self.noise)
        _, parts, gradients = value_and_grad(
            lambda: self._loss(self.student(noisy, training=True), *targets), self.student.trainable_variables
        )
        self.optimizer.apply(gradients, self.student.trainable_variables)
        return parts

    def _targets(self, photos: Any) -> tuple[perceptual.Features, dict[str, Any]]:
        """Return the photographs' content features, and the style's Gram matrices at the recipe's strength."""
        features = self.encoder(photos)
        content = {layer: features[layer] for layer in self.content_layers}
        own = perceptual.grams(features, self.layers)
        return content, perceptual.blend(own, self.style, self.recipe.fast_style.strength)

    def _loss(self, raw: Any, content: perceptual.Features, style: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        # The device clips to -1..1, so values outside must not lower the encoder's losses.
        output = ops.clip(raw, -1.0, 1.0)
        total, parts = perceptual.loss(output, self.encoder(output), content, style, self.weights)
        parts["outside"] = ops.mean(ops.square(raw - output))
        return total / len(raw) + parts["outside"], parts


def provenance(weights: VggWeights, styles: Sequence[Image], shares: Sequence[float]) -> dict[str, str]:
    """Return hashes of the encoder, and of the styles and their shares, which are a part of the run's identity."""
    digest = hashlib.sha256(repr(style_transfer.shares_of(shares, len(styles))).encode())
    for style in styles:
        digest.update(repr(style.shape).encode() + style.tobytes())
    return {"vgg_sha256": weights.sha256, "styles_sha256": digest.hexdigest()}
