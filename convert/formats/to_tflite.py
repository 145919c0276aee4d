"""Keras generator to TFLite flatbuffer."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from facetoon.convert.formats.calibration import Sample
from facetoon.convert.formats.quantization import Recipe
from facetoon.convert.formats.quiet import quiet
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from tensorflow.lite.python.convert import ConverterError


def to_tflite(fixed: Any, recipe: Recipe, calibration: Sample) -> bytes:
    """Flatbuffer bytes of a Keras generator made by bake.batch_of_one.

    Only static recipes look at `calibration`. static_wi8_ai8 takes int8 and gives int8, the others float32. Raises
    InputError, with the converter's own words, when it refuses the network.
    """
    try:
        with quiet(), warnings.catch_warnings():
            # Meant for networks with fake quantization; here the calibration pictures give the ranges.
            warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
            # The calibrators run TensorFlow's own interpreter, or LiteRT's with every tensor kept.
            warnings.filterwarnings(
                "ignore", r"\s*Warning: (tf.lite.Interpreter is deprecated|Enabling .experimental_)"
            )
            if recipe.name == "hybrid_wi8_afp32":
                return to_hybrid(float32(fixed))
            if recipe.name == "static_wi8_ai8_mean":
                return to_averaged(float32(fixed), fixed, calibration)
            return bytes(make_converter(fixed, recipe, calibration).convert())
    except (ConverterError, RuntimeError) as error:  # the second is the quantizer's
        raise InputError(
            f"TensorFlow Lite refuses the generator {fixed.name} as {recipe.name}: {_reason(str(error))}"
        ) from error


def float32(fixed: Any) -> bytes:
    """Flatbuffer bytes as TFLiteConverter makes them without quantization."""
    return bytes(tf.lite.TFLiteConverter.from_keras_model(fixed).convert())


def make_converter(fixed: Any, recipe: Recipe, calibration: Sample) -> Any:
    """TensorFlow's converter, set up as the recipe says."""
    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    if recipe.weight_bits < 32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if recipe.is_static:
        converter.representative_dataset = partial(_feeds, fixed, calibration)
        converter.target_spec.supported_ops = _kernels(recipe)
    if recipe.activation_bits == 8:
        converter.inference_input_type = converter.inference_output_type = tf.int8
    if recipe.weight_bits == 16:
        converter.target_spec.supported_types = [tf.float16]
    return converter


def to_hybrid(float_model: bytes) -> bytes:
    """Dynamic convolutions, weight-only depthwise and transposed ones; ai-edge-quantizer's channel-wise int8.

    The runtime quantizes activations as they come, which needs no calibration. XNNPACK takes no depthwise convolution
    of that kind, but it takes float ones whose weights are unpacked first.
    """
    from ai_edge_quantizer import quantizer
    from ai_edge_quantizer.qtyping import TFLOperationName as Op

    work = quantizer.Quantizer(bytearray(float_model))
    for name in (Op.CONV_2D, Op.FULLY_CONNECTED):
        work.add_dynamic_config(".*", name, 8)
    for name in (Op.DEPTHWISE_CONV_2D, Op.CONV_2D_TRANSPOSE):
        work.add_weight_only_config(".*", name, 8)
    return bytes(work.quantize(enable_progress_bar=False, enable_progress_report=False).quantized_model)


def to_averaged(float_model: bytes, fixed: Any, calibration: Sample) -> bytes:
    """int8 by ai-edge-quantizer, whose ranges are a moving average over the pictures.

    The converter's are the widest of all pictures; here single outliers count less, and what they need is clipped.
    """
    from ai_edge_quantizer import quantizer, recipe

    work = quantizer.Quantizer(bytearray(float_model), recipe.static_wi8_ai8())
    feeds = list(_feeds(fixed, calibration))
    ranges = work.calibrate({"serving_default": feeds}, num_threads=1)  # more threads may sum in another order
    result = work.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def widest_ranges(float_model: bytes, fixed: Any, calibration: Sample) -> dict[str, Any]:
    """What ai-edge-quantizer calls statistics, of every tensor over all pictures; its own are averages."""
    from ai_edge_quantizer import quantizer, recipe

    work = quantizer.Quantizer(bytearray(float_model), recipe.static_wi8_ai8())
    ranges: dict[str, Any] = {}
    for feed in _feeds(fixed, calibration):
        for tensor, found in work.calibrate({"serving_default": [feed]}, num_threads=1).items():
            known = ranges.setdefault(tensor, found)
            known["min"], known["max"] = np.minimum(known["min"], found["min"]), np.maximum(known["max"], found["max"])
    return ranges


def to_mixed(float_model: bytes, ranges: dict[str, Any], in_int16: list[tuple[str, str]]) -> bytes:
    """int8 by ai-edge-quantizer with those ranges, and 16-bit activations for some (operator, its output's name)."""
    from ai_edge_quantizer import quantizer, recipe
    from ai_edge_quantizer.qtyping import TFLOperationName

    work = quantizer.Quantizer(bytearray(float_model), recipe.static_wi8_ai8())
    for operator, tensor in in_int16:
        work.add_static_config(re.escape(tensor), TFLOperationName(operator), 16, 8)
    result = work.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _kernels(recipe: Recipe) -> list[Any]:
    """Integer kernels alone for int8; with 16-bit activations what has none, such as depth-to-space, stays float."""
    sets = tf.lite.OpsSet
    if recipe.activation_bits == 8:
        return [sets.TFLITE_BUILTINS_INT8]
    return [sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8, sets.TFLITE_BUILTINS]


def _feeds(fixed: Any, calibration: Sample) -> Iterator[dict[str, Tensor]]:
    """Without the style where it was baked."""
    names = [tensor.name for tensor in fixed.inputs]
    for tensors in calibration.feeds():
        yield {name: tensors[name] for name in names}


def _reason(words: str) -> str:
    """What the converter complains of, in its many lines: the operator it lacks, else its first line."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    lacking = next((line for line in lines if line.startswith(("Flex ops:", "Custom ops:", "TF Select ops:"))), "")
    return f"it lacks an operator ({lacking})" if lacking else (lines or ["no reason given"])[0]
