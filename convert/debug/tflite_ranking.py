"""Errors of an int8 TFLite network's operators, by TensorFlow's QuantizationDebugger, and the network with some finer.

The debugger runs the quantized network with every tensor's float value beside it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
from facetoon.convert.debug.ranking import MakeFiner, OperatorError, snr_db, worst_first
from facetoon.convert.formats.quantization import Quantization
from facetoon.convert.formats.to_tflite import float32, make_converter, to_mixed, widest_ranges
from facetoon.convert.sources.samples import Sample
from numpy.typing import NDArray

PICTURES = 24  # of the calibration, on which the operators' errors are measured


def rank_tflite(fixed: Any, calibration: Sample, recipe: Quantization) -> tuple[list[OperatorError], MakeFiner]:
    """Operators of a Keras model made by bake.batch_of_one, worst first; and what makes some of them finer.

    The converter has 16-bit activations for whole files only. So a file with single operators in int16 is written by
    ai-edge-quantizer, with the converter's ranges.
    """
    debugger = _debugger(fixed, calibration, recipe)
    debugger.run()
    dump = io.StringIO()
    debugger.layer_statistics_dump(dump)  # the only place that says which tensor each statistic belongs to
    rows = csv.DictReader(io.StringIO(dump.getvalue()))
    errors = [OperatorError(row["op_name"], row["tensor_name"], float(row["snr_db"])) for row in rows]
    operators = {error.tensor: error.operator for error in errors}

    @cache
    def float_model_and_ranges() -> tuple[bytes, dict[str, Any]]:
        model = float32(fixed)
        return model, widest_ranges(model, fixed, calibration)

    def make_finer(tensors: list[str], finer: str) -> bytes:
        if finer == "int16":
            return to_mixed(*float_model_and_ranges(), [(operators[tensor], tensor) for tensor in tensors])
        debugger.options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=tensors)
        return bytes(debugger.get_nondebug_quantized_model())

    return worst_first(errors), make_finer


def _debugger(fixed: Any, calibration: Sample, recipe: Quantization) -> Any:
    few = replace(calibration, images=calibration.images[:PICTURES])
    order: list[str] = []  # of the file's inputs, known once the file is made
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=make_converter(fixed, recipe, calibration),
        debug_dataset=lambda: ([tensors[name] for name in order] for tensors in few.feeds()),
        debug_options=tf.lite.experimental.QuantizationDebugOptions(layer_direct_compare_metrics={"snr_db": _snr_db}),
    )
    # The debugger compares tensors after the run, but its own interpreter has overwritten them by then.
    debugger._quant_interpreter = tf.lite.Interpreter(
        model_content=debugger.quant_model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    inputs = debugger._quant_interpreter.get_input_details()
    order += [next(t.name for t in fixed.inputs if len(t.shape) == len(details["shape"])) for details in inputs]
    return debugger


def _snr_db(exact: NDArray[np.float32], levels: NDArray[np.int8], scale: float, zero_point: int) -> float:
    """The signature that the debugger calls a metric with."""
    return snr_db(exact, (levels.astype(np.float32) - zero_point) * scale)
