"""Ranks the operators of an int8 TFLite network by error, and makes some of them finer.

TensorFlow's QuantizationDebugger runs the quantized network and keeps every tensor's float values beside it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from facetoon.convert.debug.ranking import MakeFiner, OperatorError, snr_db, worst_first
from facetoon.convert.formats.quantization import Quantization
from facetoon.convert.formats.to_tflite import float32, make_converter, to_mixed, widest_ranges
from facetoon.convert.sources.samples import Sample

PICTURES = 24  # calibration pictures that measure the operators' errors


def rank_tflite(fixed: Any, calibration: Sample, recipe: Quantization) -> tuple[list[OperatorError], MakeFiner]:
    """Rank the operators of a Keras model from bake.batch_of_one, worst first; also return a MakeFiner for them.

    The converter has 16-bit activations for whole files only. So ai-edge-quantizer writes the files with single
    operators in int16, with the converter's ranges.
    """
    debugger = _debugger(fixed, calibration, recipe)
    debugger.run()
    dump = io.StringIO()
    debugger.layer_statistics_dump(dump)  # only the dump names the tensor of each statistic
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
    order: list[str] = []  # names of the file's inputs, known after the conversion
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
    """Signal over error in dB, with the signature of the debugger's metrics."""
    return snr_db(exact, (levels.astype(np.float32) - zero_point) * scale)
