"""Quantization-aware fine-tuning: the folded network learns to draw the float generator's pictures despite int8.

Fake quantization (Jacob et al. 2018) stands where the converter will quantize: on the weights of every convolution, and
on every tensor, with its range on the calibration pictures. It is part of the training only: the fine-tuned network is
converted and calibrated like any other.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from facetoon.convert.improve.fold import CONVOLUTIONS, Folded, Values
from facetoon.convert.improve.layer_values import as_called, some, watch
from facetoon.convert.improve.rounding import rounded_kernel
from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.student import ClipUnit

BATCH = 8
LEARNING_RATE = 1e-4  # falls to 0 over the steps
LEAST_RANGE = 1e-6


def finetune(folded: Folded, generator: Any, inputs: list[Values], steps: int, seed: int) -> None:
    """Train the folded model in place on `steps` batches of `inputs`, by squared error to the generator's pictures."""
    if steps < 1:
        raise InputError(f"Fine-tuning needs at least one step, not {steps}.")
    keras.utils.set_random_seed(seed)
    for layer in folded.model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False  # an unfolded normalization keeps its statistics
    student = with_fake_quantization(folded, some(inputs))
    targets = _pictures(generator, inputs)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    student.compile(keras.optimizers.Adam(rate), "mse", jit_compile=False)  # XLA takes longer to compile than to train
    random = np.random.default_rng(seed)
    for _ in range(steps):
        rows = random.choice(len(targets), min(BATCH, len(targets)), replace=False)
        student.train_on_batch(as_called([values[rows] for values in inputs]), targets[rows])


def with_fake_quantization(folded: Folded, inputs: list[Values]) -> Any:
    """Return a Keras model that shares the folded model's weights and rounds weights and tensors as int8 does."""
    ranges: dict[Any, tuple[float, float]] = {}

    def note(op: Any, values: Values) -> Values:
        ranges[op] = min(float(values.min()), -LEAST_RANGE), max(float(values.max()), LEAST_RANGE)
        return values

    watch(folded.model, inputs, note)

    def call(op: Any, *arguments: Any, **options: Any) -> Any:
        result = _RoundedKernel(op)(*arguments) if isinstance(op, CONVOLUTIONS) else op(*arguments, **options)
        return result if _is_fused(folded, op) else _RoundedValues(*ranges[op])(result)

    return keras.models.clone_model(folded.model, clone_function=lambda op: op, call_function=call)


def _is_fused(folded: Folded, op: Any) -> bool:
    """Whether only a clip follows. Kernels apply a clip before they quantize."""
    following = folded.after[op]
    return len(following) == 1 and isinstance(following[0], (layers.ReLU, layers.Identity, ClipUnit))


class _RoundedKernel(layers.Layer):
    def __init__(self, convolution: Any) -> None:
        super().__init__()
        self.convolution = convolution

    def call(self, x: Any) -> Any:
        rounded = rounded_kernel(self.convolution)
        with keras.StatelessScope(state_mapping=[(self.convolution.kernel, rounded)]):
            return self.convolution(x)


class _RoundedValues(layers.Layer):
    def __init__(self, least: float, greatest: float) -> None:
        super().__init__()
        self._range = least, greatest

    def call(self, x: Any) -> Any:
        return keras.quantizers.fake_quant_with_min_max_vars(x, *self._range, num_bits=8)


def _pictures(generator: Any, inputs: list[Values]) -> Values:
    """The float generator's pictures, float32. It takes a style even where the folded network has a baked one."""
    rows = [slice(start, start + BATCH) for start in range(0, len(inputs[0]), BATCH)]
    return np.concatenate([generator(as_called([values[row] for values in inputs]), training=False) for row in rows])
