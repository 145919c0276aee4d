"""Keras generator to TFLite flatbuffer."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import keras
import numpy as np
import tensorflow as tf

from convert.recipes import Recipe
from edge_runtime import pixels
from edge_runtime.errors import InputError
from edge_runtime.pixels import Image


def to_tflite(generator: Any, recipe: Recipe, calibration: Image) -> bytes:
    """Flatbuffer bytes of a Keras generator with one picture in and one out, for batches of one.

    `calibration` is uint8 RGB (n, side, side, 3); only static recipes look at it. Those take int8 and give int8, the
    others float32. Raises InputError, with the converter's own last words, when it refuses the network.
    """
    fixed = _batch_of_one(generator)
    with tempfile.TemporaryFile() as log:
        try:
            with _output_into(log):
                return _converter(fixed, recipe, calibration).convert()
        # The converter raises many kinds, MLIR's ConverterError being a bare Exception.
        except Exception as error:
            raise InputError(
                f"TensorFlow Lite refuses the generator {generator.name} as {recipe.name}: {_reason(error, log)}"
            ) from error


def _batch_of_one(generator: Any) -> Any:
    """The generator with a fixed batch: a dynamic one leaves SHAPE and PACK operators that no delegate takes."""
    shape = generator.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape != generator.output_shape or shape[1] != shape[2]:
        raise InputError(
            f"The generator {generator.name} maps {shape} to {generator.output_shape}, not one square picture to another."
        )
    image = keras.Input(shape[1:], batch_size=1, name="image")
    # The names end up in the file: fixed ones keep it the same however many models this process has made.
    return keras.Model(image, generator(image, training=False), name="generator")


def _converter(fixed: Any, recipe: Recipe, calibration: Image) -> Any:
    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    if recipe.weight_bits < 32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if recipe.is_static:
        converter.representative_dataset = lambda: _batches(calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    elif recipe.weight_bits == 16:
        converter.target_spec.supported_types = [tf.float16]
    return converter


def _batches(calibration: Image) -> Iterator[list[np.ndarray]]:
    for image in calibration:
        yield [pixels.to_unit(image[np.newaxis])]


@contextmanager
def _output_into(log: IO[bytes]) -> Iterator[None]:
    """Send what Python and C++ print (some 170 lines a model) to the file `log` instead of the terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    try:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)


def _reason(error: Exception, log: IO[bytes]) -> str:
    """One line: the first of the exception, else the last that was printed."""
    log.seek(0)
    printed = log.read().decode("utf-8", "replace").split("\n")
    lines = [line.strip() for line in (*reversed(printed), *reversed(str(error).split("\n"))) if line.strip()]
    return lines[-1] if lines else type(error).__name__
