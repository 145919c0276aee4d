"""Teaches a distilled student one more style from as few as 50 cartoons, without pairs.

Only a row of gains and shifts is new, as in Dumoulin et al. 2017. Every batch is drawn in the new style alone, so the
other rows get a gradient of zero, and batch normalization keeps its statistics. The old styles stay the same to the
last bit. Three losses describe the cartoons: statistics of VGG's features, colours, and a small discriminator. The
discriminator sees augmented pictures only, because it would soon know 50 pictures by heart. A matte is not learned from
cartoons: the new style's stays that of the style it starts from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.networks import losses, perceptual, vgg
from facetoon.training.networks.student import affines, unclipped, with_one_more
from facetoon.training.networks.tensor_resampling import resized
from facetoon.training.networks.vgg_weights import VggWeights
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.checkpoint import load_generator
from facetoon.training.runs.trainer import Trainer
from facetoon.training.trainers.adversary import Adversary
from facetoon.training.trainers.optimizers import adam, cosine_decay

MEAN = "mean"
COLOUR_DIRECTIONS = 6


class NewStyle(Trainer):
    """The student with one more row, its optimizers and the compiled step. The old student does not change."""

    def __init__(self, recipe: Recipe, student: Path, names: list[str], weights: VggWeights | None) -> None:
        """`student` is a run of toon-train distill with the styles `names`. A loss with VGG needs `weights`.

        Raises InputError for a student without a style input or of another size, and for missing weights.
        """
        keras.utils.set_random_seed(recipe.seed)
        self.recipe, self.names, s = recipe, names, recipe.new_style
        self.before = load_generator(student)
        _check(self.before, student, recipe, names)
        self.has_matte = self.before.output_shape[-1] > 3
        self.student = with_one_more(self.before)
        self.drawn, self.drawn_before = unclipped(self.student), unclipped(self.before)
        self.encoder, self.layers, self.content_layers = _encoder(recipe, weights)
        self.generators = {"ab": self.student}
        self.networks: dict[str, Any] = {"student": self.student}
        if s.adversarial_weight:
            self.critic_px = min(recipe.data.size_px, s.critic_px)
            self.networks["critic"] = self.critic = Adversary(recipe, "critic", recipe.seed, self.critic_px)
            self.critic_optimizer = adam(
                recipe.optimizer.learning_rate_discriminator, self.critic.trainable_variables, recipe.optimizer
            )
        self.rows = [v for layer in affines(self.student) for v in (layer.gains, layer.shifts)]
        row_ids = {id(v) for v in self.rows}
        self.trunk = [v for v in self.student.trainable_variables if id(v) not in row_ids] if s.trunk else []
        self.optimizer = keras.optimizers.Adam(s.learning_rate, beta_1=0.5)
        self.optimizer.build(self.rows)
        self.trunk_optimizer = keras.optimizers.Adam(s.trunk_learning_rate)
        self.trunk_optimizer.build(self.trunk)
        self.start = keras.Variable(np.eye(1, len(names), dtype="float32")[0], trainable=False, name="start")
        self.random = keras.random.SeedGenerator(recipe.seed)
        frozen = [*self.before.variables, *(self.encoder.variables if self.encoder else [])]
        self._train = compile_step(self._step, [*self.variables, *frozen])

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        kept = [v for network in self.networks.values() for v in network.variables]
        critic = self.critic_optimizer.variables if "critic" in self.networks else []
        optimizers = [*self.optimizer.variables, *(self.trunk_optimizer.variables if self.trunk else [])]
        return [*kept, *optimizers, *critic, self.start, self.random.state]

    def begin(self, photos: Tensor, cartoons: Tensor) -> str:
        """Give the new row the values of the recipe's starting style and return the name of that style.

        The default is the style that draws `photos` most like `cartoons`, both float32 (batch, size_px, size_px, 3) in
        -1..1.
        """
        count = len(self.names)
        starts = {name: np.eye(count, dtype="float32")[row] for row, name in enumerate(self.names)}
        starts |= {MEAN: np.full(count, 1 / count, "float32")}
        style_name = self.recipe.new_style.start
        if style_name == "nearest":
            distances = {name: self._distance(photos, cartoons, style) for name, style in starts.items()}
            table = ", ".join(f"{name} {distance:.3f}" for name, distance in distances.items())
            style_name = min(distances, key=distances.__getitem__)
            tqdm.write(f"The new style begins as {style_name}, the nearest: {table}.")
        if style_name not in starts:
            raise InputError(f"new_style.start is {style_name}; this student has {', '.join(starts)}, or nearest.")
        for rows in self.rows:
            values = np.array(rows)
            values[-1] = starts[style_name] @ values[:-1]
            rows.assign(values)
        self.start.assign(starts[style_name])
        return style_name

    def step(self, index: int, photos: Tensor, cartoons: Tensor) -> dict[str, float]:
        """Train once on unpaired batches, float32 (batch, size_px, size_px, 3) in -1..1; returns the losses by name."""
        if index == 0:
            self.begin(photos, cartoons)
        decay, s = cosine_decay(index, self.recipe.steps), self.recipe.new_style
        self.optimizer.learning_rate.assign(s.learning_rate * decay)
        self.trunk_optimizer.learning_rate.assign(s.trunk_learning_rate * decay)
        return {name: float(value) for name, value in self._train(photos, cartoons).items()}

    def translate(self, photos: Tensor, cartoons: Tensor) -> list[Tensor]:
        """Return columns: photograph, its cartoons in the starting style and in the new style, a real cartoon."""
        return [photos, self._answer(photos, self.start)[..., :3], self._draw(photos)[..., :3], cartoons]

    def test(self, photos: Tensor, cartoons: Tensor) -> dict[str, float]:
        """Return distances of colour, style and content on held-out photographs and cartoons, and steadiness.

        `test_shift` is the change of the output in grey levels, shifted back, when the input shifts by one pixel.
        `test_matte` is the change of the matte since the starting style, as a share of its range.
        """
        whole, cartoons = self._draw(photos), ops.convert_to_tensor(cartoons)
        drawn = whole[..., :3]
        directions = np.random.default_rng(1).normal(size=(COLOUR_DIRECTIONS, 3)).astype("float32")
        scores = {"test_colour": losses.colour_distance(drawn, cartoons, directions)}
        if self.encoder:
            scores |= {f"test_{name}": v for name, v in self._perceived(drawn, photos, cartoons).items()}
        moved = self._draw(np.roll(photos, 1, axis=2))[:, :, 2:, :3]
        scores["test_shift"] = 127.5 * losses.l1(moved, drawn[:, :, 1:-1])
        if self.has_matte:
            scores["test_matte"] = losses.l1(whole[..., 3:], self._answer(photos, self.start)[..., 3:]) / 2
        return {name: float(value) for name, value in scores.items()}

    def _draw(self, photos: Any) -> Any:
        """Draw photographs in the new style, with the matte of a student that has one."""
        return self.student([ops.convert_to_tensor(photos), self._new(photos)])

    def _answer(self, photos: Any, style: Any) -> Any:
        """Draw the old student's cartoons and any mattes, all in one mix (styles,) of its own styles."""
        return ops.clip(self._raw_answer(photos, style), -1.0, 1.0)

    def _raw_answer(self, photos: Any, style: Any) -> Any:
        styles = ops.tile(ops.reshape(style, (1, -1)), (photos.shape[0], 1))
        return self.drawn_before([ops.convert_to_tensor(photos), styles])

    def _new(self, photos: Any) -> Any:
        """Return the style input (batch, styles + 1) of the new style."""
        return ops.tile(np.eye(len(self.names) + 1, dtype="float32")[-1:], (photos.shape[0], 1))

    def _distance(self, photos: Tensor, cartoons: Tensor, style: Any) -> float:
        """Return the distance in colour and style between the old student's pictures in one mix and the cartoons."""
        drawn = self._answer(photos, style)[..., :3]
        distance = losses.colour_distance(drawn, cartoons, np.eye(3, dtype="float32"))
        if self.layers:
            distance = distance + self._perceived(drawn, photos, cartoons)["style"]
        return float(distance)

    def _step(self, photos: Any, cartoons: Any) -> dict[str, Any]:
        s = self.recipe.new_style
        noisy = photos + keras.random.normal(ops.shape(photos), stddev=s.noise_levels / 127.5, seed=self.random)
        variables = [*self.rows, *self.trunk]
        _, (parts, output), gradients = value_and_grad(lambda: self._loss(noisy, photos, cartoons), variables)
        self.optimizer.apply(gradients[: len(self.rows)], self.rows)
        if self.trunk:
            self.trunk_optimizer.apply(gradients[len(self.rows) :], self.trunk)
        if "critic" in self.networks:
            real, fake = (resized(ops.stop_gradient(x), self.critic_px) for x in (cartoons, output))
            variables = self.critic.trainable_variables
            loss, _, gradients = value_and_grad(lambda: (self.critic.discriminator_loss(real, fake), ()), variables)
            self.critic_optimizer.apply(gradients, variables)
            parts["critic"] = loss
        return parts

    def _loss(self, noisy: Any, photos: Any, cartoons: Any) -> tuple[Any, tuple[dict[str, Any], Any]]:
        s = self.recipe.new_style
        whole = self.drawn([noisy, self._new(noisy)])
        raw_answer = ops.stop_gradient(self._raw_answer(photos, self.start))
        raw, answer = whole[..., :3], ops.clip(raw_answer[..., :3], -1.0, 1.0)
        output = ops.clip(raw, -1.0, 1.0)
        directions = keras.random.normal((COLOUR_DIRECTIONS, 3), seed=self.random)
        # The device clips to -1..1. The other losses give values outside no gradient, so "outside" penalizes them.
        parts = {
            "outside": ops.mean(ops.square(raw - output)),
            "colour": losses.colour_distance(output, cartoons, directions),
            "edge": losses.gradient_l1(_grey(output), _grey(answer)),
        }
        if self.encoder:
            parts |= self._perceived(output, photos, cartoons)
        if "critic" in self.networks:
            parts["adversarial"] = self.critic.generator_loss(resized(output, self.critic_px))
        if self.has_matte:
            parts["matte"] = losses.l1(whole[..., 3:], raw_answer[..., 3:])
        if self.trunk:
            parts["hold"] = self._hold(photos)
        fixed = {"outside": 1.0, "matte": s.hold_weight}
        weights = {name: fixed[name] if name in fixed else getattr(s, f"{name}_weight") for name in parts}
        return sum(weights[name] * value for name, value in parts.items()), (parts, output)

    def _perceived(self, output: Any, photos: Any, cartoons: Any) -> dict[str, Any]:
        """Return relative errors of the batch's mean Gram matrices ("style") and the pictures' features ("content")."""
        output_features, cartoon_features, errors = self.encoder(output), self.encoder(cartoons), {}
        if self.layers:
            # Means over the batch, so that each picture may keep its own tones.
            matrices = [perceptual.grams(features, self.layers) for features in (output_features, cartoon_features)]
            means = [{name: ops.mean(x, axis=0, keepdims=True) for name, x in grams.items()} for grams in matrices]
            each = [perceptual.relative_error(means[0][name], means[1][name]) for name in self.layers]
            errors["style"] = ops.mean(ops.stack(each))
        if self.content_layers:
            content = self.encoder(photos)
            each = [perceptual.relative_error(output_features[name], content[name]) for name in self.content_layers]
            errors["content"] = ops.mean(ops.stack(each))
        return errors

    def _hold(self, photos: Any) -> Any:
        """Return L1 plus gradient L1 between new and old student; the batch cycles through the old styles."""
        turns = np.arange(photos.shape[0]) % len(self.names)
        old, new = (ops.one_hot(turns, len(self.names) + more) for more in (0, 1))
        drawn, target = self.drawn([photos, new]), ops.stop_gradient(self.drawn_before([photos, old]))
        return losses.l1(drawn, target) + losses.gradient_l1(drawn, target)


def _grey(images: Any) -> Any:
    return ops.mean(images, axis=3, keepdims=True)


def _encoder(recipe: Recipe, weights: VggWeights | None) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
    """Return VGG or None, and the layers for style and content; a weight of zero has no layers."""
    s = recipe.new_style
    if not needs_encoder(recipe):
        return None, (), ()
    if weights is None:
        raise InputError("new_style.style_weight and content_weight need VGG weights: set both to 0, or give some.")
    chosen = tuple(s.style_layers.split()) or vgg.default_style_layers(weights, recipe.data.size_px)
    layers = chosen if s.style_weight else ()
    content_layers = tuple(s.content_layers.split()) if s.content_weight else ()
    return vgg.build_encoder(weights, tuple(dict.fromkeys((*layers, *content_layers)))), layers, content_layers


def needs_encoder(recipe: Recipe) -> bool:
    """Whether a loss of the recipe uses VGG."""
    return bool(recipe.new_style.style_weight or recipe.new_style.content_weight)


def _check(student: Any, run: Path, recipe: Recipe, names: list[str]) -> None:
    shapes = [tuple(tensor.shape[1:]) for tensor in student.inputs]
    if not affines(student) or len(shapes) != 2 or shapes[1] != (len(names),):
        raise InputError(f"{run} is no student with a style input: toon-train distill makes one from several teachers.")
    size_px = recipe.data.size_px
    if shapes[0] != (size_px, size_px, 3):
        raise InputError(f"The student of {run} draws {shapes[0][0]} px, not {size_px}: leave data.size_px as it is.")
