"""Distillation: one student learns by regression what one or several teachers make of photographs.

The teachers' pictures are the targets, so training is steady and the batch statistics hold when they are folded away
(Ren et al. 2021). Regression alone blurs what it is unsure of; a small discriminator may tell the student's pictures
from its teachers', which needs no cartoons and knows no other look than theirs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.networks import losses
from facetoon.training.networks.student import build_student
from facetoon.training.pictures.images import ImageSet
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.checkpoint import load_generator
from facetoon.training.trainers.adversary import Adversary
from facetoon.training.trainers.optimizers import adam
from keras import layers, ops
from tqdm import tqdm

TEACHING_BATCH = 32
WIDEST = 8.0
"""What the sums of the student's blocks may reach before `range_weight` counts; their standard deviation is about 1."""


class Distillation:
    """Student, optimizer and the compiled step; the teachers, run directories, stay as they are."""

    def __init__(self, recipe: Recipe, teachers: Mapping[str, Path]) -> None:
        """`teachers` by style name; a single one makes a student without a style input.

        Teachers may work at other sizes than the student. Raises InputError when a batch cannot be dealt to them.
        """
        keras.utils.set_random_seed(recipe.seed)
        self.recipe = recipe
        self.teachers = [load_generator(run) for run in teachers.values()]
        self.styles = len(teachers) if len(teachers) > 1 else 0
        self.dealt = recipe.dealt(len(teachers))
        self.student = build_student(recipe.data.size_px, recipe.student, self.styles)
        sums = [layer.output for layer in self.student.layers if isinstance(layer, layers.Add)]
        self.watched = keras.Model(self.student.inputs, [self.student.output, *sums])
        self.features = [_features(teacher) for teacher in self.teachers] if recipe.distill.feature_weight else []
        self.generators = {"ab": self.student}
        self.networks: dict[str, Any] = {"student": self.student}
        if recipe.distill.adversarial_weight:
            self.critic_px = min(recipe.data.size_px, *(t.input_shape[1] for t in self.teachers))
            self.networks["critic"] = self.critic = Adversary(
                recipe, "critic", recipe.seed, self.critic_px, self.styles
            )
            self.critic_optimizer = adam(
                recipe.optimizer.learning_rate_discriminator, self.critic.trainable_variables, recipe.optimizer
            )
        self.optimizer = keras.optimizers.Adam(recipe.distill.learning_rate)
        self.optimizer.build(self.student.trainable_variables)
        self.random = keras.random.SeedGenerator(recipe.seed)
        frozen = [v for encoder in self.features for v in encoder.variables]
        self._train = compile_step(self._step, [*self.variables, *frozen])

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        kept = [v for network in self.networks.values() for v in network.variables]
        critic = self.critic_optimizer.variables if "critic" in self.networks else []
        return [*kept, *self.optimizer.variables, *critic, self.random.state]

    def host_state(self) -> dict[str, Tensor]:
        """Nothing: all state is in variables."""
        return {}

    def restore_host_state(self, state: dict[str, Tensor]) -> None:
        """The reverse of `host_state`."""

    def teach(self, domains: dict[str, ImageSet]) -> dict[str, ImageSet]:
        """The domain "photos" (n, side, side, 3) to "taught", with all answers: (n, 1 + teachers, side, side, 3).

        Once, for the whole run: in every step it would take more than half of the time. A teacher sees the whole
        picture at its own size, within the zooms it was trained on.
        """
        photos = domains["photos"]
        side_px = photos.images.shape[1]
        taught = np.empty((len(photos), 1 + len(self.teachers), *photos.images.shape[1:]), np.uint8)
        taught[:, 0] = photos.images
        starts = range(0, len(photos), TEACHING_BATCH)
        for start in tqdm(starts, desc="teachers", unit="batch", disable=None):
            rows = slice(start, start + TEACHING_BATCH)
            for number, teacher in enumerate(self.teachers, 1):
                size_px = teacher.input_shape[1]
                seen = np.stack([pixels.square(image, size_px) for image in photos.images[rows]])
                drawn = pixels.from_unit(np.asarray(teacher(pixels.to_unit(seen), training=False)))
                taught[rows, number] = [pixels.square(image, side_px) for image in drawn]
        return {"taught": dataclasses.replace(photos, images=taught)}

    def step(self, index: int, photos: Tensor, targets: Tensor) -> dict[str, float]:
        """Train once on float -1..1 batches (batch, size_px, size_px, 3): photographs, and their teachers' answers.

        The first part of the batch is the first teacher's, and so on. Returns the losses by name.
        """
        cosine = 0.5 * (1 + math.cos(math.pi * index / self.recipe.steps))
        self.optimizer.learning_rate.assign(self.recipe.distill.learning_rate * cosine)
        return {name: float(value) for name, value in self._train(photos, targets).items()}

    def translate(self, photos: Tensor, *answers: Tensor) -> list[Tensor]:
        """Columns of a sample sheet: photo, and for each style teacher and student."""
        columns = [photos]
        for style, answer in enumerate(answers):
            columns += [answer, self.draw(photos, [style] * len(photos))]
        return columns

    def test(self, photos: Tensor, *answers: Tensor) -> dict[str, float]:
        """Held-out photographs: L1 and 1 - SSIM between the student in use and its teachers, mean of all styles.

        `test_shift` is how far a shift by one pixel moves the output, shifted back, in grey levels.
        """
        _, *columns = self.translate(photos, *answers)
        pairs = list(zip(columns[::2], columns[1::2], strict=True))
        moved = self.draw(np.roll(photos, 1, axis=2), [0] * len(photos))[:, :, 2:]
        scores = {
            "test_l1": [losses.l1(output, target) for target, output in pairs],
            "test_ssim": [1 - losses.ssim(output, target) for target, output in pairs],
            "test_shift": [127.5 * losses.l1(moved, columns[1][:, :, 1:-1])],
        }
        return {name: float(np.mean([float(value) for value in values])) for name, values in scores.items()}

    def draw(self, photos: Any, styles: list[int], training: bool = False) -> Any:
        """What the student makes of each photograph in the style of that number."""
        return self.student(self._inputs(photos, styles), training=training)

    def _inputs(self, photos: Any, styles: list[int]) -> Any:
        if not self.styles:
            return photos
        return [ops.convert_to_tensor(photos), ops.one_hot(np.array(styles), self.styles)]

    def _shares(self) -> Any:
        """The style of each picture of a batch, for the critic: what is right for one is wrong for another."""
        return ops.one_hot(np.array(self.dealt), self.styles) if self.styles else None

    def _step(self, photos: Any, targets: Any) -> dict[str, Any]:
        # All styles in every batch: batch normalization would else learn statistics that no picture has in use.
        d = self.recipe.distill
        noisy = photos + keras.random.normal(ops.shape(photos), stddev=d.noise_levels / 127.5, seed=self.random)
        # The teacher saw the picture elsewhere: what moves with it is learnt, flicker is not (Eilertsen et al. 2019).
        offset = keras.random.randint((2,), 0, 2 * d.shift_px + 1, seed=self.random)
        noisy, targets = (shifted(images, offset, d.shift_px) for images in (noisy, targets))
        variables = self.student.trainable_variables
        _, (parts, output), gradients = value_and_grad(lambda: self._loss(noisy, targets), variables)
        self.optimizer.apply(gradients, variables)
        if "critic" in self.networks:
            real, fake = (resized(ops.stop_gradient(x), self.critic_px) for x in (targets, output))
            variables = self.critic.trainable_variables
            loss, _, gradients = value_and_grad(
                lambda: (self.critic.discriminator_loss(real, fake, self._shares()), ()), variables
            )
            self.critic_optimizer.apply(gradients, variables)
            parts["critic"] = loss
        return parts

    def _loss(self, photos: Any, targets: Any) -> tuple[Any, tuple[dict[str, Any], Any]]:
        d = self.recipe.distill
        output, *sums = self.watched(self._inputs(photos, self.dealt), training=True)
        parts = {
            "l1": losses.l1(output, targets),
            "gradient": losses.gradient_l1(output, targets),
            "ssim": 1 - losses.ssim(output, targets),
        }
        if d.haar_weight:
            parts["haar"] = losses.haar_l1(output, targets)
        if d.range_weight:
            parts["range"] = sum(ops.mean(ops.square(ops.relu(ops.abs(x) - WIDEST))) for x in sums)
        if d.feature_weight:
            parts["feature"] = self._feature_loss(output, targets)
        if "critic" in self.networks:
            parts["adversarial"] = self.critic.generator_loss(resized(output, self.critic_px), self._shares())
        return sum(getattr(d, f"{name}_weight") * value for name, value in parts.items()), (parts, output)

    def _feature_loss(self, output: Any, targets: Any) -> Any:
        """L1 between what the teacher's own encoder sees in both, relative to what it sees in the target."""
        total = 0.0
        for style, encoder in enumerate(self.features):
            rows = slice(self.dealt.index(style), self.dealt.index(style) + self.dealt.count(style))
            drawn, taught = (encoder(resized(x[rows], encoder.input_shape[1])) for x in (output, targets))
            total = total + losses.l1(drawn, taught) / (ops.mean(ops.abs(taught)) + 1e-6)
        return total / len(self.features)


def resized(images: Any, size_px: int) -> Any:
    """(batch, n, n, 3) at another size: means of whole pixels where they fit, else bicubic."""
    factor = images.shape[1] / size_px
    if factor == 1:
        return images
    if factor.is_integer():
        return ops.average_pool(images, int(factor), int(factor))
    return ops.clip(ops.image.resize(images, (size_px, size_px), "bicubic", antialias=True), -1.0, 1.0)


def shifted(images: Any, offset: Any, most_px: int) -> Any:
    """The window at `offset` (y, x), 0..2 most_px, into pictures whose borders are continued by `most_px`."""
    if not most_px:
        return images
    around = ops.pad(images, ((0, 0), (most_px, most_px), (most_px, most_px), (0, 0)), mode="symmetric")
    return ops.slice(around, (0, offset[0], offset[1], 0), images.shape)


def _features(teacher: Any) -> Any:
    """The teacher up to its last halving: a tenth of its work. Of one made of several networks, the last."""
    networks = [layer for layer in teacher.layers if isinstance(layer, keras.Model)]
    if networks:
        return _features(networks[-1])
    halving = [layer for layer in teacher.layers if isinstance(layer, layers.Conv2D) and layer.strides == (2, 2)]
    if not halving:
        raise InputError(
            f"The teacher {teacher.name} halves nothing, so it has no features: set distill.feature_weight=0."
        )
    return keras.Model(teacher.inputs, halving[-1].output, name=f"{teacher.name}_features")
