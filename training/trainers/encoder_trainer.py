"""Trains the encoder that scores use: a small network of this kit's own that no loss uses.

It learns three things about every training picture:
- the source of the picture, which makes the encoder see style;
- which other crop in the batch shows the same picture (NT-Xent, Chen et al. 2020). A plain classifier would discard
  all other content;
- whether the picture was bent by 1 to 3 px, which makes the encoder see shape. Without it, bent faces scored like
  straight ones.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.trainer import Trainer
from facetoon.training.trainers.optimizers import linear_decay


def build_encoder(size_px: int, filters: int, features: int) -> keras.Model:
    """Build the encoder: pictures (batch, size_px, size_px, 3), float -1..1, to features (batch, `features`).

    A quarter of the features comes from each quadrant, so a face in the wrong place shows. A mean over the whole
    picture would hide it.
    Raises InputError for sizes that cannot be halved five times.
    """
    if size_px % 32 or features % 4:
        raise InputError(
            f"An encoder works at a multiple of 32 px with a multiple of 4 features, not {size_px} px and {features}."
        )
    image = keras.Input((size_px, size_px, 3), name="image")
    x = image
    for factor in (1, 2, 4, 4):
        x = layers.Conv2D(filters * factor, 3, 2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    x = layers.ReLU()(layers.Conv2D(features // 4, 3, padding="same")(x))
    x = layers.AveragePooling2D(size_px // 32)(x)
    return keras.Model(image, layers.Flatten()(x), name="encoder")


class EncoderTraining(Trainer):
    """The encoder, three heads for training alone, the optimizer and the compiled step."""

    def __init__(self, recipe: Recipe, sources: int) -> None:
        """`sources` is the number of picture sources. Raises InputError for fewer than two."""
        if sources < 2:
            raise InputError("An encoder learns to tell sources apart: give at least two with --pictures.")
        keras.utils.set_random_seed(recipe.seed)
        self.recipe, self.sources, e = recipe, sources, recipe.encoder
        self.encoder = build_encoder(recipe.data.size_px, e.filters, e.features)
        self.classifier = keras.Sequential([keras.Input((e.features,)), layers.Dense(sources)], name="classifier")
        self.critic = keras.Sequential([keras.Input((e.features,)), layers.Dense(1)], name="critic")
        projection = [layers.Dense(e.features, "relu"), layers.Dense(64)]
        self.projector = keras.Sequential([keras.Input((e.features,)), *projection], name="projector")
        self.generators = {"encoder": self.encoder}
        networks = (self.encoder, self.classifier, self.projector, self.critic)
        self.networks = {network.name: network for network in networks}
        self.optimizer = keras.optimizers.Adam(e.learning_rate)
        self.optimizer.build(self._trained)
        self._train = compile_step(self._step, self.variables)

    @property
    def _trained(self) -> list[Any]:
        return [v for network in self.networks.values() for v in network.trainable_variables]

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        return [v for part in (*self.networks.values(), self.optimizer) for v in part.variables]

    def step(self, index: int, first: Tensor, second: Tensor, bent: Tensor, source: Tensor) -> dict[str, float]:
        """Train once on three views of the same pictures, float32 (batch, size_px, size_px, 3) in -1..1.

        `bent` is the first view, bent. `source` (batch,) is the number of each picture's source. Returns the losses.
        """
        decay = linear_decay(index, self.recipe.steps, self.recipe.optimizer.decay_from)
        self.optimizer.learning_rate.assign(self.recipe.encoder.learning_rate * decay)
        return {name: float(value) for name, value in self._train(first, second, bent, source).items()}

    def translate(self, pictures: Tensor) -> list[Tensor]:
        """Return one column: the pictures."""
        return [pictures]

    def test(self, pictures: Tensor) -> dict[str, float]:
        """Return the share of held-out pictures with a wrong source. Pictures come from the sources in turn."""
        labels = np.asarray(self.classifier(self.encoder(pictures, training=False))).argmax(1)
        return {"test_error": float(np.mean(labels != np.arange(len(pictures)) % self.sources))}

    def _step(self, first: Any, second: Any, bent: Any, source: Any) -> dict[str, Any]:
        def loss() -> Any:
            count = first.shape[0]
            features = self.encoder(ops.concatenate([first, second, bent]), training=True)
            straight = features[: 2 * count]
            scores = self.classifier(straight)
            sources = ops.concatenate([source, source])
            origin = ops.mean(keras.losses.sparse_categorical_crossentropy(sources, scores, from_logits=True))
            same = _contrast(self.projector(straight), self.recipe.encoder.temperature)
            # The second view is left out. It was resampled once less, so its sharpness would reveal the answer.
            pair = self.critic(ops.concatenate([features[:count], features[2 * count :]]))
            is_bent = np.repeat([[0.0], [1.0]], count, axis=0).astype(np.float32)
            shape = ops.mean(keras.losses.binary_crossentropy(is_bent, pair, from_logits=True))
            return origin + same + shape, {"source": origin, "same": same, "shape": shape}

        _, parts, gradients = value_and_grad(loss, self._trained)
        self.optimizer.apply(gradients, self._trained)
        return parts


def _contrast(views: Any, temperature: float) -> Any:
    """Return NT-Xent (Chen et al. 2020) of (2n, d), where row i and row i + n show the same picture."""
    views = views / (ops.norm(views, axis=1, keepdims=True) + 1e-6)
    count = views.shape[0]
    likeness = ops.matmul(views, ops.transpose(views)) / temperature - 1e9 * ops.eye(count)
    partner = np.roll(np.arange(count), count // 2)
    return ops.mean(keras.losses.sparse_categorical_crossentropy(partner, likeness, from_logits=True))
