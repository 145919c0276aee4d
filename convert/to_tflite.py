"""Keras generator to TFLite flatbuffer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python.convert import ConverterError

from convert.quiet import quiet
from convert.recipes import Recipe
from edge_runtime import pixels
from edge_runtime.errors import InputError
from edge_runtime.pixels import Image


def to_tflite(generator: Any, recipe: Recipe, calibration: Image) -> bytes:
    """Flatbuffer bytes of a Keras generator with one picture in and one out, for batches of one.

    `calibration` is uint8 RGB (n, side, side, 3); only static recipes look at it. Those take int8 and give int8, the
    others float32. Raises InputError, with the converter's own words, when it refuses the network.
    """
    fixed = _batch_of_one(generator)
    try:
        with quiet(), warnings.catch_warnings():
            # Meant for networks with fake quantization; here the calibration pictures give the ranges.
            warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
            return bytes(_converter(fixed, recipe, calibration).convert())
    except ConverterError as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
        raise InputError(
            f"TensorFlow Lite refuses the generator {generator.name} as {recipe.name}: {reason}"
        ) from error


def _batch_of_one(generator: Any) -> Any:
    """The generator with a fixed batch: a dynamic one leaves SHAPE and PACK operators that no delegate takes."""
    taken, given = generator.input_shape, generator.output_shape
    if not isinstance(taken, tuple) or len(taken) != 4 or taken != given or taken[1] != taken[2] or taken[3] != 3:
        raise InputError(f"The generator {generator.name} maps {taken} to {given}, not one square picture to another.")
    image = keras.Input(taken[1:], batch_size=1, name="image")
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


def _batches(calibration: Image) -> Iterator[list[pixels.Tensor]]:
    for image in calibration:
        yield [pixels.to_unit(image[np.newaxis])]
