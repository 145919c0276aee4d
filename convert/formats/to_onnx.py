"""Turns a Keras generator into ONNX with tf2onnx: float, half, or int8 by ONNX Runtime. Pictures have channels last."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from facetoon.convert.formats.percentiles import Spans, onnx_tensors, percentile_spans
from facetoon.convert.formats.quantization import WIDEST, Quantization
from facetoon.convert.quiet import quiet
from facetoon.convert.sources.samples import Sample
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor

OPSET = 17  # tf2onnx writes 18 at most, and calls its 18 incomplete


def to_onnx(fixed: Any, recipe: Quantization, calibration: Sample, ranges: str = WIDEST) -> bytes:
    """Return ONNX bytes of a Keras model from bake.batch_of_one; a dynamic batch stays dynamic.

    A static recipe measures its `ranges` in one way of ONNX_RANGES. Every recipe has float32 inputs and outputs. Raises
    InputError when tf2onnx knows no ONNX for an operation.
    """
    with quiet():
        if recipe.weight_bits == 16:
            model = _float16(float32(fixed))
        elif not recipe.is_static:
            model = float32(fixed)
        else:
            exact = prepared(fixed)
            model = quantize(exact, calibration, measured(ranges, exact, calibration))
        onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def float32(fixed: Any) -> onnx.ModelProto:
    """Convert the Keras model in float with tf2onnx, and rename its nodes and tensors."""
    import tf2onnx

    signature = [tf.TensorSpec(t.shape, t.dtype, name=t.name) for t in fixed.inputs]
    function = tf.function(
        lambda *inputs: fixed(list(inputs) if len(inputs) > 1 else inputs[0], training=False), autograph=False
    )
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # tf2onnx also logs the exception's text
    try:
        model, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
    except (ValueError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"tf2onnx refuses the generator {fixed.name}: {str(error).splitlines()[0]}") from error
    return _renamed(model)


def _renamed(model: onnx.ModelProto) -> onnx.ModelProto:
    """Name nodes and tensors by operator and place. tf2onnx's own names count the models of the process."""
    graph = model.graph
    names = {"": "", **{argument.name: argument.name for argument in graph.input}}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for place, node in enumerate(graph.node):
        for name in node.input:
            names.setdefault(name, f"weight_{len(names)}")
        names |= {name: f"{node.op_type}_{place}_{number}" for number, name in enumerate(node.output)}
        node.name = f"{node.op_type}_{place}"
    names |= {argument.name: "cartoon" for argument in graph.output}
    for node in graph.node:
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    for values in (graph.initializer, graph.output):
        for value in values:
            value.name = names[value.name]
    used = [weights[name] for name in names if name in weights]
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(used)
    graph.name, graph.doc_string = "generator", ""
    return model


def _float16(model: onnx.ModelProto) -> onnx.ModelProto:
    from onnxruntime.quantization.onnx_model import ONNXModel
    from onnxruntime.transformers.float16 import convert_float_to_float16

    halved = ONNXModel(convert_float_to_float16(model, keep_io_types=True))
    halved.topological_sort()  # the casts of the inputs come last otherwise
    return halved.model


@dataclass(frozen=True)
class Ranges:
    """How the ranges of tensors are measured: the widest, averaged, or as `spans` says, by tensor."""

    average: bool = False
    spans: Spans = field(default_factory=dict)


def measured(kind: str, exact: onnx.ModelProto, calibration: Sample) -> Ranges:
    """Return the ranges of a kind of ONNX_RANGES.

    Outliers spoil the widest ranges of all pictures. Averages of each picture's least and greatest value clip pictures
    or styles that are unlike the others. Percentiles clip single pixels.
    """
    if kind != "percentile":
        return Ranges(average=kind == "mean")
    tensors = onnx_tensors(exact, iter(CalibrationReader(exact, calibration).get_next, None))
    return Ranges(spans=percentile_spans(tensors))


@lru_cache(maxsize=1)  # each kind of ranges and both halves of the calibration begin with it
def prepared(fixed: Any) -> onnx.ModelProto:
    """Return the float model with inferred shapes and folded normalization, as the quantizer needs it, to read only."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as name:
        plain, ready = (Path(name) / f"{step}.onnx" for step in ("plain", "prepared"))
        onnx.save(float32(fixed), plain)  # for a model in memory, the weights would go to a separate file and get lost
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        return onnx.load(ready)


def quantize(
    exact: onnx.ModelProto,
    calibration: Sample,
    ranges: Ranges,
    in_float: Sequence[str] = (),
    in_int16: Sequence[str] = (),
) -> onnx.ModelProto:
    """Quantize to int8, except the nodes named in `in_float` and the tensors named in `in_int16`.

    It writes QDQ with uint8 activations (x86 runs int8 ones 2-3 times slower) and int8 weights per channel.
    16-bit tensors raise the opset to 21, and the convolutions around them run in float.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    overrides: dict[str, dict[str, Any]] = {
        name: {"rmin": np.float32(low), "rmax": np.float32(high)} for name, (low, high) in ranges.spans.items()
    }
    for tensor in in_int16:
        overrides.setdefault(tensor, {})["quant_type"] = QuantType.QUInt16
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns about a tensor that is always 0
        plain, quantized = (Path(name) / f"{step}.onnx" for step in ("exact", "int8"))
        onnx.save(exact, plain)
        quantize_static(
            plain,
            quantized,
            CalibrationReader(exact, calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # 7-bit weights: x86 without VNNI adds pairs of products in 16 bits, which 8-bit ones overflow.
            reduce_range=True,
            nodes_to_exclude=list(in_float),
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                "CalibMovingAverage": ranges.average,
                "TensorQuantOverrides": {tensor: [values] for tensor, values in overrides.items()},
            },
        )
        return onnx.load(quantized)


class CalibrationReader:
    """Gives a sample to ONNX Runtime, as its CalibrationDataReader does."""

    def __init__(self, model: onnx.ModelProto, calibration: Sample) -> None:
        self._names = [argument.name for argument in model.graph.input]
        self._rows = calibration.feeds()

    def get_next(self) -> dict[str, Tensor] | None:
        """Return the next picture's tensors, or None after the last. A baked style is no input."""
        tensors = next(self._rows, None)
        return {name: tensors[name] for name in self._names} if tensors else None
