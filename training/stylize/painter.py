"""Optimizes a picture's pixels until the loss of style transfer is small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from facetoon.edge_runtime.errors import InputError
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.networks import perceptual
from facetoon.training.stylize.style_settings import StyleSettings

Done = Callable[[dict[str, Any], Any], None]
"""Called after each step with the losses by name and the picture's values so far."""


class Painter:
    """Pictures of one shape in a Keras variable, with the compiled steps that change them."""

    def __init__(self, encoder: Any, shape: tuple[int, ...], settings: StyleSettings) -> None:
        """`shape` is (n, h, w, 3)."""
        s = self.settings = settings
        self.encoder = encoder
        # At strength 0 the result must be the photograph, so the smoothing decreases with the strength.
        self.weights = perceptual.LossWeights(s.content_weight, s.style_weight, s.tv_weight * s.strength)
        self.picture = keras.Variable(np.zeros(shape, np.float32), name="picture")
        self.optimizer = keras.optimizers.Adam(s.learning_rate)
        self.optimizer.build([self.picture])
        self.variables = [self.picture, *self.optimizer.variables]
        self._adam_step = compile_step(self._step, self.variables)
        self._slope = compile_step(self._gradient, self.variables)

    def run(self, start: Any, content: Any, target: Any, done: Done) -> Any:
        """Paint from `start`, float -1..1, and return values -1..1.

        `content` holds features by content layer, `target` Gram matrices by style layer.
        """
        return (self._lbfgs if self.settings.optimizer == "lbfgs" else self._adam)(start, content, target, done)

    def _adam(self, start: Any, content: Any, target: Any, done: Done) -> Any:
        for variable in self.optimizer.variables[2:]:  # iterations and learning rate are the first two
            variable.assign(ops.zeros_like(variable))
        self.optimizer.iterations.assign(0)
        self.picture.assign(start)
        for _ in range(self.settings.steps):
            done(self._adam_step(content, target), self.picture)
        return self.picture

    def _lbfgs(self, start: Any, content: Any, target: Any, done: Done) -> Any:
        """Run SciPy's L-BFGS-B. Its bounds keep the picture in range without spoiling its record of the curvature."""
        try:
            from scipy.optimize import Bounds, minimize  # JAX brings SciPy, TensorFlow does not
        except ModuleNotFoundError:
            raise InputError("The optimizer lbfgs needs SciPy: pip install scipy brings it.") from None
        latest: dict[str, Any] = {}

        def value(flat: Any) -> tuple[float, Any]:
            self.picture.assign(flat.reshape(self.picture.shape))
            total, parts, gradient = self._slope(content, target)
            latest.update(parts)
            return float(total), np.asarray(gradient, np.float64).ravel()

        result = minimize(
            value,
            np.asarray(start, np.float64).ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(-1.0, 1.0),
            callback=lambda flat: done(latest, flat),
            # Each pixel's slope is tiny, so only the number of steps or a complete standstill may end the run.
            options={"maxiter": self.settings.steps, "maxfun": 20 * self.settings.steps, "gtol": 0.0, "ftol": 0.0},
        )
        return result.x.astype(np.float32)

    def _gradient(self, content: Any, target: Any) -> Any:
        def loss() -> Any:
            picture = ops.convert_to_tensor(self.picture)
            return perceptual.loss(picture, self.encoder(picture), content, target, self.weights)

        total, parts, gradients = value_and_grad(loss, [self.picture])
        return total, parts, gradients[0]

    def _step(self, content: Any, target: Any) -> dict[str, Any]:
        _, parts, gradient = self._gradient(content, target)
        self.optimizer.apply([gradient], [self.picture])
        self.picture.assign(ops.clip(self.picture, -1.0, 1.0))
        return parts
