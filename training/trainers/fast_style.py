"""The fast baseline: a feed-forward network trained with style transfer's losses (Johnson et al. 2016).

The network is the student's architecture, so its run directory goes through toon-convert like any generator's.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import keras
from facetoon.edge_runtime.pixels import Image, Tensor
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.networks import perceptual, vgg
from facetoon.training.networks.student import build_student
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.stylize import style_transfer
from keras import ops


class FastStyle:
    """Student, optimizer and the compiled step; the encoder and the merged style's Gram matrices stay as they are."""

    def __init__(self, recipe: Recipe, weights: vgg.Weights, styles: Sequence[Image], shares: Sequence[float]) -> None:
        """`styles` are RGB uint8 (h, w, 3), `shares` their weights. InputError when they don't fit the layers."""
        keras.utils.set_random_seed(recipe.seed)
        self.recipe, f = recipe, recipe.fast_style
        self.layers = style_transfer.chosen_layers(weights, styles, f.style_layers.split())
        self.content_layers = f.content_layers.split()
        self.encoder = vgg.build_encoder(weights, tuple(dict.fromkeys((*self.layers, *self.content_layers))))
        shares = style_transfer.shares_of(shares, len(styles))
        self.style = perceptual.style_grams(self.encoder, styles, shares, self.layers)
        self.weights = perceptual.Weights(f.content_weight, f.style_weight, f.tv_weight * f.strength)
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

    def host_state(self) -> dict[str, Tensor]:
        """Nothing: all state is in variables."""
        return {}

    def restore_host_state(self, state: dict[str, Tensor]) -> None:
        """The reverse of `host_state`."""

    def step(self, index: int, photos: Tensor) -> dict[str, float]:
        """Train once on a float -1..1 batch (batch, size_px, size_px, 3); returns the losses by name."""
        cosine = 0.5 * (1 + math.cos(math.pi * index / self.recipe.steps))
        self.optimizer.learning_rate.assign(self.recipe.fast_style.learning_rate * cosine)
        return {name: float(value) for name, value in self._train(photos).items()}

    def translate(self, photos: Tensor) -> list[Tensor]:
        """Columns of a sample sheet: photo, painted."""
        return [photos, self.student(photos)]

    def test(self, photos: Tensor) -> dict[str, float]:
        """Held-out photographs: what is trained, of the network in use and without the noise."""
        photos = ops.convert_to_tensor(photos)
        _, parts = self._loss(self.student(photos), *self._wanted(photos))
        return {f"test_{name}": float(value) for name, value in parts.items()}

    def _step(self, photos: Any) -> dict[str, Any]:
        wanted = self._wanted(photos)
        spread = self.recipe.fast_style.noise_levels / 127.5
        noisy = photos + keras.random.normal(ops.shape(photos), stddev=spread, seed=self.noise)
        _, parts, gradients = value_and_grad(
            lambda: self._loss(self.student(noisy, training=True), *wanted), self.student.trainable_variables
        )
        self.optimizer.apply(gradients, self.student.trainable_variables)
        return parts

    def _wanted(self, photos: Any) -> tuple[perceptual.Features, dict[str, Any]]:
        """The photographs' content, and the style at the strength asked for."""
        seen = self.encoder(photos)
        content = {layer: seen[layer] for layer in self.content_layers}
        own = perceptual.grams(seen, self.layers)
        return content, perceptual.blend(own, self.style, self.recipe.fast_style.strength)

    def _loss(self, raw: Any, content: perceptual.Features, style: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        # Unclipped values beyond -1..1 would please the encoder and be cut off on the device.
        output = ops.clip(raw, -1.0, 1.0)
        total, parts = perceptual.loss(output, self.encoder(output), content, style, self.weights)
        parts["outside"] = ops.mean(ops.square(raw - output))
        return total / len(raw) + parts["outside"], parts


def provenance(weights: vgg.Weights, styles: Sequence[Image], shares: Sequence[float]) -> dict[str, str]:
    """What identifies a run beside recipe and photographs: hashes of the encoder, and of styles and their weights."""
    digest = hashlib.sha256(repr(style_transfer.shares_of(shares, len(styles))).encode())
    for style in styles:
        digest.update(repr(style.shape).encode() + style.tobytes())
    return {"vgg_sha256": weights.sha256, "styles_sha256": digest.hexdigest()}
