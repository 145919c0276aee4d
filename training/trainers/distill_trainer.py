"""Distillation: a student learns by regression to draw photographs like one or several teachers.

The teachers' pictures are the targets, so training is stable, and the batch statistics stay valid after folding (Ren et
al. 2021). Regression alone blurs uncertain details, so a small discriminator can be added that tells the student's
pictures from the teachers'. Distillation needs no cartoons.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.training.critic.frozen_features import FrozenFeatures
from facetoon.training.drawings.head_mattes import HeadMattes
from facetoon.training.drawings.picture_teacher import PictureTeacher
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.networks import losses
from facetoon.training.networks.batch_norm import FusedBatchNormalization
from facetoon.training.networks.deep_student import build_student_of
from facetoon.training.networks.tensor_resampling import middle, resized, shifted
from facetoon.training.pictures.images import ImageSet
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs.lesson import lesson, size_px
from facetoon.training.runs.teacher_network import load_teacher
from facetoon.training.runs.trainer import Trainer
from facetoon.training.trainers.adversary import Adversary
from facetoon.training.trainers.optimizers import adam, cosine_decay

WIDEST = 8.0  # beyond it `range_weight` penalizes the sums of the student's blocks; their deviation is about 1
FEATURES_PX = 128  # at which the frozen features see a whole crop; at 256 px they would cost four times as much
TEST_BATCH = 8  # pictures: all 64 of 256 px at once would take gigabytes
PICTURE_LOSSES = {
    "gradient": losses.gradient_l1,
    "ssim": lambda x, y: 1 - losses.ssim(x, y),
    "haar": losses.haar_l1,
    "line": losses.line_l1,
}


class Distillation(Trainer):
    """Student, optimizer and the compiled step. The teachers do not change."""

    def __init__(
        self,
        recipe: Recipe,
        teachers: Mapping[str, Path | PictureTeacher],
        features: Path | None = None,
        mattes: HeadMattes | None = None,
    ) -> None:
        """`teachers` are runs, .keras files or PictureTeachers by style name. One makes a student without styles.

        Teachers may have other sizes than the student. `features` is the file of frozen features that
        distill.perceptual_weight needs. `mattes` is what a student with a matte learns from.
        Raises InputError when one of the two lacks, or a batch cannot be divided among the teachers.
        """
        _check_files(recipe, features, mattes)
        _check_window(recipe)
        keras.utils.set_random_seed(recipe.seed)
        self.mattes = mattes
        self.recipe = recipe
        self.teachers = [t if isinstance(t, PictureTeacher) else load_teacher(t, name) for name, t in teachers.items()]
        self.names = tuple(teachers)
        self.styles = len(teachers) if len(teachers) > 1 else 0
        self.dealt = recipe.dealt(len(teachers))
        self.student = build_student_of(recipe, self.styles)
        self.watched = {
            side_px: _watched(self.student, side_px)
            for side_px in {recipe.data.size_px, recipe.distill.window_px or recipe.data.size_px}
        }
        self.features = [_features(teacher) for teacher in self.teachers] if recipe.distill.feature_weight else []
        self.frozen = FrozenFeatures(features) if features and recipe.distill.perceptual_weight else None
        self.generators = {"ab": self.student}
        self.networks: dict[str, Any] = {"student": self.student}
        if recipe.distill.adversarial_weight:
            self.critic_px = recipe.distill.window_px or min(recipe.data.size_px, *map(size_px, self.teachers))
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
        self._used = [*self.variables, *frozen]
        self._train = compile_step(self._step, self._used)

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        kept = [v for network in self.networks.values() for v in network.variables]
        critic = self.critic_optimizer.variables if "critic" in self.networks else []
        return [*kept, *self.optimizer.variables, *critic, self.random.state]

    def teach(self, domains: dict[str, ImageSet]) -> dict[str, ImageSet]:
        """Turn photographs into "taught", uint8 (n, 1 + teachers, side, side, 3): photographs and their cartoons.

        With a matte there are four channels. This is done once for the run, because in every step it would take more
        than half of the time.
        """
        hold_skin = self.recipe.distill.hold_skin
        return {"taught": lesson(domains["photos"], self.teachers, self.mattes, hold_skin=hold_skin)}

    def step(self, index: int, photos: Tensor, targets: Tensor) -> dict[str, float]:
        """Train once on photographs and their teachers' cartoons, float32 (batch, side, side, 3) in -1..1.

        The side is `recipe.picture_px`. With a matte the cartoons have two more channels: the matte, and the mask of
        eyes, brows and mouth.

        The first part of the batch belongs to the first teacher, and so on. Returns the losses by name.
        """
        if index >= self.recipe.distill.settle_from * self.recipe.steps:
            self._settle()
        decay = cosine_decay(index, self.recipe.steps)
        self.optimizer.learning_rate.assign(self.recipe.distill.learning_rate * decay)
        return {name: float(value) for name, value in self._train(photos, targets).items()}

    def _settle(self) -> None:
        """From now on batch normalization uses its moving statistics.

        Those of a small batch differ from step to step. So the student learnt to draw by other tones than the ones that
        its pictures have on the device.
        """
        norms = [layer for layer in self.student.layers if isinstance(layer, FusedBatchNormalization)]
        if not norms[0].settled:
            for layer in norms:
                layer.settled = True
            self._train = compile_step(self._step, self._used)

    def translate(self, photos: Tensor, *answers: Tensor) -> list[Tensor]:
        """Return columns: photograph, then for each style the teacher's and the student's cartoon, then any matte."""
        photos, columns = photos[..., :3], [photos[..., :3]]
        for style, answer in enumerate(answers):
            drawn = self.draw(photos, style)
            columns += [answer[..., :3], drawn[..., :3]]
        return [*columns, np.repeat(drawn[..., 3:], 3, -1)] if self.mattes else columns

    def test(self, photos: Tensor, *answers: Tensor) -> dict[str, float]:
        """Return L1 and 1 - SSIM between student and teachers on held-out photographs, averaged over the styles.

        `test_shift` is the change of the output in grey levels, shifted back, when the input shifts by one pixel.
        Each style has its PSNR to the teacher in dB, and its gradient energy over the teacher's: below 1 it is blurred.
        """
        photos = photos[..., :3]
        drawn = [self.draw(photos, style) for style in range(len(answers))]
        pairs = list(zip(drawn, answers, strict=True))
        moved = self.draw(np.roll(photos, 1, axis=2), 0)[:, :, 2:, :3]
        scores = {
            "test_l1": [losses.l1(x[..., :3], y[..., :3]) for x, y in pairs],
            "test_ssim": [1 - losses.ssim(x[..., :3], y[..., :3]) for x, y in pairs],
            "test_shift": [127.5 * losses.l1(moved, drawn[0][:, :, 1:-1, :3])],
        }
        if self.mattes:
            scores["test_matte"] = [losses.l1(x[..., 3:], y[..., 3:]) / 2 for x, y in pairs]
        for name, (x, y) in zip(self.names, pairs, strict=True):
            cartoons, wanted = x[..., :3], y[..., :3]
            scores[f"test_psnr_db_{name}"] = [losses.psnr_db(cartoons, wanted)]
            scores[f"test_sharp_{name}"] = [losses.gradient_l1(cartoons, 0.0) / losses.gradient_l1(wanted, 0.0)]
        return {name: float(np.mean([float(value) for value in values])) for name, values in scores.items()}

    def draw(self, photos: Any, style: int) -> Tensor:
        """Draw the student's cartoons of photographs (n, size_px, size_px, 3), float -1..1; `style` counts from 0."""
        parts = [photos[i : i + TEST_BATCH] for i in range(0, len(photos), TEST_BATCH)]
        return np.concatenate([np.asarray(self.student(self._inputs(x, [style] * len(x)))) for x in parts])

    def _inputs(self, photos: Any, styles: list[int]) -> Any:
        if not self.styles:
            return photos
        return [ops.convert_to_tensor(photos), ops.one_hot(np.array(styles), self.styles)]

    def _shares(self) -> Any:
        """Return the style of each picture of a batch, (batch, styles), for the critic; None for a single style."""
        return ops.one_hot(np.array(self.dealt), self.styles) if self.styles else None

    def _step(self, photos: Any, targets: Any) -> dict[str, Any]:
        # Every batch holds all styles. Otherwise batch normalization would learn statistics that fit no picture.
        d = self.recipe.distill
        noisy = photos + keras.random.normal(ops.shape(photos), stddev=d.noise_levels / 127.5, seed=self.random)
        # The student's input and target are both shifted against the picture that the teacher saw. So the student
        # learns to move lines with the picture instead of flickering (Eilertsen et al. 2019).
        offset = keras.random.randint((2,), 0, 2 * d.shift_px + 1, seed=self.random)
        noisy, targets = (shifted(images, offset, d.shift_px) for images in (noisy, targets))
        variables = self.student.trainable_variables
        _, (parts, output), gradients = value_and_grad(lambda: self._loss(noisy, targets), variables)
        self.optimizer.apply(gradients, variables)
        if "critic" in self.networks:
            real, fake = (self._judged(ops.stop_gradient(x[..., :3])) for x in (targets, output))
            variables = self.critic.trainable_variables
            loss, _, gradients = value_and_grad(
                lambda: (self.critic.discriminator_loss(real, fake, self._shares()), ()), variables
            )
            self.critic_optimizer.apply(gradients, variables)
            parts["critic"] = loss
        return parts

    def _loss(self, photos: Any, targets: Any) -> tuple[Any, tuple[dict[str, Any], Any]]:
        d = self.recipe.distill
        whole, *sums = self.watched[photos.shape[1]](self._inputs(photos, self.dealt), training=True)
        output, cartoons = whole[..., :3], targets[..., :3]
        parts = {"l1": losses.l1(output, cartoons)}
        for name in ("gradient", "ssim", "haar", "line"):
            if getattr(d, f"{name}_weight"):
                parts[name] = PICTURE_LOSSES[name](output, cartoons)
        if self.mattes:
            parts["matte"] = losses.l1(whole[..., 3:], targets[..., 3:4])
            if d.detail_weight:
                parts["detail"] = losses.weighted_l1(output, cartoons, (targets[..., 4:] + 1) / 2)
        if d.range_weight:
            parts["range"] = sum(ops.mean(ops.square(ops.relu(ops.abs(x) - WIDEST))) for x in sums)
        if d.feature_weight:
            parts["feature"] = self._feature_loss(output, cartoons)
        if self.frozen:
            seen_px = FEATURES_PX * output.shape[1] // self.recipe.data.size_px
            parts["perceptual"] = _perceptual_loss(self.frozen, output, cartoons, seen_px)
        if "critic" in self.networks:
            parts["adversarial"] = self.critic.generator_loss(self._judged(output), self._shares())
        return sum(getattr(d, f"{name}_weight") * value for name, value in parts.items()), (parts, whole)

    def _judged(self, pictures: Any) -> Any:
        """Return pictures at the critic's size. A critic of windows sees the middle of whole crops, at their scale."""
        return (middle if self.recipe.distill.window_px else resized)(pictures, self.critic_px)

    def _feature_loss(self, output: Any, targets: Any) -> Any:
        """Return the L1 distance between the teacher's features of both pictures, relative to the target's features."""
        total = 0.0
        for style, encoder in enumerate(self.features):
            rows = slice(self.dealt.index(style), self.dealt.index(style) + self.dealt.count(style))
            features, target_features = (encoder(resized(x[rows], encoder.input_shape[1])) for x in (output, targets))
            total = total + losses.l1(features, target_features) / (ops.mean(ops.abs(target_features)) + 1e-6)
        return total / len(self.features)


def _watched(student: keras.Model, side_px: int) -> keras.Model:
    """Return the same network for pictures of this side; it also gives the sums of its blocks."""
    sums: list[Any] = []

    def call(layer: Any, *arguments: Any, **options: Any) -> Any:
        output = layer(*arguments, **options)
        if isinstance(layer, layers.Add):
            sums.append(output)
        return output

    image = keras.Input((side_px, side_px, 3))
    inputs = [image, keras.Input(student.inputs[1].shape[1:])] if len(student.inputs) > 1 else image
    twin = keras.models.clone_model(student, inputs, clone_function=lambda layer: layer, call_function=call)
    return keras.Model(twin.inputs, [*twin.outputs, *sums])


def _perceptual_loss(frozen: FrozenFeatures, output: Any, targets: Any, size_px: int) -> Any:
    """Return the L1 distance between the frozen features of both pictures, relative to the target's features."""
    pairs = list(zip(*(frozen(resized(x, size_px)) for x in (output, targets)), strict=True))
    return sum(losses.l1(x, y) / (ops.mean(ops.abs(y)) + 1e-6) for x, y in pairs) / len(pairs)


def _check_files(recipe: Recipe, features: Path | None, mattes: HeadMattes | None) -> None:
    if recipe.distill.perceptual_weight and features is None:
        raise InputError("distill.perceptual_weight needs --features FILE.npz, or set it to 0.")
    if recipe.distill.hold_skin and mattes is None:
        raise InputError("distill.hold_skin finds the skin by --segments FILE.tflite; or set it to false.")
    if recipe.student.matte and mattes is None:
        raise InputError("A student with a matte learns it from --segments FILE.tflite; or set student.matte=false.")


def _check_window(recipe: Recipe) -> None:
    window_px, size_px = recipe.distill.window_px, recipe.data.size_px
    if window_px % 8 or window_px > size_px:
        raise InputError(f"distill.window_px must be a multiple of 8 and at most {size_px}, not {window_px}.")
    if window_px and recipe.distill.feature_weight:
        raise InputError("distill.window_px does not go with distill.feature_weight, which looks at whole crops.")


def _features(teacher: Any) -> Any:
    """Return the teacher up to its last strided convolution, a tenth of its work; the last network of a chain."""
    if isinstance(teacher, PictureTeacher):
        raise InputError(f"The teacher {teacher.name} has no features: set distill.feature_weight=0.")
    networks = [layer for layer in teacher.layers if isinstance(layer, keras.Model)]
    if networks:
        return _features(networks[-1])
    if len(teacher.inputs) > 1:
        raise InputError(
            f"The teacher {teacher.name} has several styles, so no features: set distill.feature_weight=0."
        )
    halving = [layer for layer in teacher.layers if isinstance(layer, layers.Conv2D) and layer.strides == (2, 2)]
    if not halving:
        raise InputError(
            f"The teacher {teacher.name} has no strided convolution, so no features: set distill.feature_weight=0."
        )
    return keras.Model(teacher.inputs, halving[-1].output, name=f"{teacher.name}_features")
