"""Distillation: the student learns by regression what the teacher makes of photographs.

No discriminator: the student never sees an unstable adversary (Ren et al. 2021), and its batch statistics, unlike an
adversarially trained network's, hold when they are folded away.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
from keras import ops

from edge_runtime.errors import InputError
from edge_runtime.pixels import Tensor
from training import losses
from training.backend import compile_step, value_and_grad
from training.checkpoint import load_generator
from training.config import Recipe
from training.student import build_student


class Distillation:
    """Student, optimizer and the compiled step; the teacher, a run directory, stays as it is."""

    def __init__(self, recipe: Recipe, teacher: Path) -> None:
        """Raises InputError when the teacher works at another size than the recipe."""
        keras.utils.set_random_seed(recipe.seed)
        self.recipe = recipe
        self.teacher = load_generator(teacher)
        size_px = recipe.data.size_px
        if self.teacher.input_shape[1:3] != (size_px, size_px):
            raise InputError(
                f"The teacher {teacher} works at {self.teacher.input_shape[1]} px, the recipe at {size_px}."
            )
        s = recipe.student
        self.student = build_student(size_px, s.stem_filters, s.filters, s.blocks)
        self.generators = {"ab": self.student}
        self.networks = {"student": self.student}
        self.optimizer = keras.optimizers.Adam(recipe.distill.learning_rate)
        self.optimizer.build(self.student.trainable_variables)
        self.noise = keras.random.SeedGenerator(recipe.seed)
        self._train = compile_step(self._step, [*self.variables, *self.teacher.variables])

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
        self.optimizer.learning_rate.assign(self.recipe.distill.learning_rate * cosine)
        return {name: float(value) for name, value in self._train(photos).items()}

    def translate(self, photos: Tensor) -> list[Tensor]:
        """Columns of a sample sheet: photo, teacher, student."""
        return [photos, self.teacher(photos), self.student(photos)]

    def test(self, photos: Tensor) -> dict[str, float]:
        """Held-out photographs: L1 and 1 - SSIM between the student in use and its teacher."""
        _, target, output = self.translate(photos)
        return {"test_l1": float(losses.l1(output, target)), "test_ssim": 1 - float(losses.ssim(output, target))}

    def _step(self, photos: Any) -> dict[str, Any]:
        target = ops.stop_gradient(self.teacher(photos, training=False))
        spread = self.recipe.distill.noise_levels / 127.5
        noisy = photos + keras.random.normal(ops.shape(photos), stddev=spread, seed=self.noise)
        variables = self.student.trainable_variables
        _, parts, gradients = value_and_grad(lambda: self._loss(noisy, target), variables)
        self.optimizer.apply(gradients, variables)
        return parts

    def _loss(self, photos: Any, target: Any) -> tuple[Any, dict[str, Any]]:
        d = self.recipe.distill
        output = self.student(photos, training=True)
        parts = {
            "l1": losses.l1(output, target),
            "gradient": losses.gradient_l1(output, target),
            "ssim": 1 - losses.ssim(output, target),
        }
        return d.l1_weight * parts["l1"] + d.gradient_weight * parts["gradient"] + d.ssim_weight * parts["ssim"], parts
