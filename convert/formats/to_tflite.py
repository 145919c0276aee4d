"""Turns a Keras generator into a TFLite flatbuffer."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.lite.python.convert import ConverterError

from facetoon.convert.formats.percentiles import litert_tensors, percentile_spans
from facetoon.convert.formats.quantization import Quantization
from facetoon.convert.quiet import quiet
from facetoon.convert.sources.samples import Sample
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor


def to_tflite(fixed: Any, recipe: Quantization, calibration: Sample) -> bytes:
    """Return flatbuffer bytes of a Keras generator from bake.batch_of_one.

    Only static recipes use `calibration`. static_wi8_ai8 has int8 inputs and outputs, the other recipes float32.
    Raises InputError with the converter's message when the converter refuses the network.
    """
    try:
        with quiet(), warnings.catch_warnings():
            # The warning is for networks with fake quantization; here the calibration pictures set the ranges.
            warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
            # The calibrators run TensorFlow's own interpreter, or LiteRT's with every tensor kept.
            warnings.filterwarnings(
                "ignore", r"\s*Warning: (tf.lite.Interpreter is deprecated|Enabling .experimental_)"
            )
            if recipe.name == "hybrid_wi8_afp32":
                return to_hybrid(float32(fixed))
            if recipe.name == "static_wi8_ai8_mean":
                return to_averaged(float32(fixed), fixed, calibration)
            if recipe.name == "static_wi8_ai8_percentile":
                return to_percentile(float32(fixed), fixed, calibration)
            return bytes(make_converter(fixed, recipe, calibration).convert())
    except (ConverterError, RuntimeError) as error:  # the quantizer raises RuntimeError
        raise InputError(
            f"TensorFlow Lite refuses the generator {fixed.name} as {recipe.name}: {_reason(str(error))}"
        ) from error


@lru_cache(maxsize=1)  # several recipes and both halves of the calibration begin with it
def float32(fixed: Any) -> bytes:
    """Return flatbuffer bytes from TFLiteConverter, without quantization."""
    return bytes(tf.lite.TFLiteConverter.from_keras_model(fixed).convert())


def make_converter(fixed: Any, recipe: Quantization, calibration: Sample) -> Any:
    """Set up TensorFlow's converter for the recipe."""
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
    """Quantize weights to channel-wise int8 with ai-edge-quantizer, without calibration.

    Convolutions are dynamic: the runtime quantizes their activations. XNNPACK takes no dynamic depthwise convolutions,
    so depthwise and transposed ones are weight-only: they run in float and unpack their weights first.
    """
    from ai_edge_quantizer import quantizer
    from ai_edge_quantizer.qtyping import TFLOperationName as Op

    work = quantizer.Quantizer(bytearray(float_model))
    for name in (Op.CONV_2D, Op.FULLY_CONNECTED):
        work.add_dynamic_config(".*", name, 8)
    for name in (Op.DEPTHWISE_CONV_2D, Op.CONV_2D_TRANSPOSE):
        work.add_weight_only_config(".*", name, 8)
    return _quantized(work)


def to_averaged(float_model: bytes, fixed: Any, calibration: Sample) -> bytes:
    """Quantize to int8 with ai-edge-quantizer, whose ranges are a moving average over the pictures.

    The converter's ranges are the widest of all pictures. Averaged ranges clip single outliers.
    """
    work = _static_quantizer(float_model)
    feeds = list(_feeds(fixed, calibration))
    ranges = work.calibrate({"serving_default": feeds}, num_threads=1)  # threads change the order of sums
    return _quantized(work, ranges)


def to_percentile(float_model: bytes, fixed: Any, calibration: Sample) -> bytes:
    """Quantize to int8 with ai-edge-quantizer and the ranges of percentiles.percentile_spans."""
    work = _static_quantizer(float_model)
    feeds = list(_feeds(fixed, calibration))
    ranges = work.calibrate({"serving_default": feeds[:1]}, num_threads=1)  # for its form
    for tensor, (least, greatest) in percentile_spans(litert_tensors(float_model, feeds)).items():
        if tensor in ranges:
            form = ranges[tensor]["min"]
            ranges[tensor] |= {"min": np.full_like(form, least), "max": np.full_like(form, greatest)}
    return _quantized(work, ranges)


def widest_ranges(float_model: bytes, fixed: Any, calibration: Sample) -> dict[str, Any]:
    """Measure the least and greatest value of every tensor over all pictures, in ai-edge-quantizer's form."""
    work = _static_quantizer(float_model)
    ranges: dict[str, Any] = {}
    for feed in _feeds(fixed, calibration):
        for tensor, span in work.calibrate({"serving_default": [feed]}, num_threads=1).items():
            widest = ranges.setdefault(tensor, span)
            widest["min"] = np.minimum(widest["min"], span["min"])
            widest["max"] = np.maximum(widest["max"], span["max"])
    return ranges


def to_mixed(float_model: bytes, ranges: dict[str, Any], in_int16: list[tuple[str, str]]) -> bytes:
    """Quantize to int8 with `ranges`, and to 16-bit activations for `in_int16`: operators with their outputs' names."""
    from ai_edge_quantizer.qtyping import TFLOperationName

    work = _static_quantizer(float_model)
    for operator, tensor in in_int16:
        work.add_static_config(re.escape(tensor), TFLOperationName(operator), 16, 8)
    return _quantized(work, ranges)


def _static_quantizer(float_model: bytes) -> Any:
    from ai_edge_quantizer import quantizer, recipe

    return quantizer.Quantizer(bytearray(float_model), recipe.static_wi8_ai8())


def _quantized(work: Any, ranges: dict[str, Any] | None = None) -> bytes:
    result = work.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _kernels(recipe: Quantization) -> list[Any]:
    """Integer kernels alone for int8. With 16-bit activations, operators without one, as depth-to-space, are float."""
    sets = tf.lite.OpsSet
    if recipe.activation_bits == 8:
        return [sets.TFLITE_BUILTINS_INT8]
    return [sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8, sets.TFLITE_BUILTINS]


def _feeds(fixed: Any, calibration: Sample) -> Iterator[dict[str, Tensor]]:
    """The model's inputs for each picture; a baked style is no input."""
    names = [tensor.name for tensor in fixed.inputs]
    for tensors in calibration.feeds():
        yield {name: tensors[name] for name in names}


def _reason(words: str) -> str:
    """Reduce the converter's message to one line: the missing operator, or else the first line."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    lacking = next((line for line in lines if line.startswith(("Flex ops:", "Custom ops:", "TF Select ops:"))), "")
    return f"it lacks an operator ({lacking})" if lacking else (lines or ["no reason given"])[0]
