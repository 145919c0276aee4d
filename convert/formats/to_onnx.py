"""Turns a Keras generator into ONNX with tf2onnx: float, half, or int8 by ONNX Runtime. Pictures have channels last."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from facetoon.convert.formats.percentiles import Spans, onnx_tensors, percentile_spans
from facetoon.convert.formats.quantization import Quantization
from facetoon.convert.quiet import quiet
from facetoon.convert.sources.samples import Sample
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.sessions.onnx_session import open_onnx

OPSET = 17  # tf2onnx writes 18 at most, and calls its 18 incomplete
JUDGED = 50  # calibration pictures that compare the kinds of ranges


def to_onnx(fixed: Any, recipe: Quantization, calibration: Sample) -> bytes:
    """Return ONNX bytes of a Keras model from bake.batch_of_one; a dynamic batch stays dynamic.

    Every recipe has float32 inputs and outputs. Raises InputError when tf2onnx knows no ONNX for an operation.
    """
    with quiet():
        model = float32(fixed)
        if recipe.weight_bits == 16:
            model = _float16(model)
        elif recipe.is_static:
            model = _int8(model, calibration)
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


def _int8(model: onnx.ModelProto, calibration: Sample) -> onnx.ModelProto:
    """QDQ with uint8 activations (x86 runs int8 ones 2-3 times slower) and per-channel int8 weights of 7 bits.

    Ranges are the widest of all pictures, or averages of each picture's least and greatest value, or percentiles.
    Outliers spoil the widest ranges; averages clip pictures or styles that are unlike the others. The ranges with the
    smallest error on JUDGED calibration pictures are used.
    """
    return best_ranges(prepare(model), calibration)[1]


@dataclass(frozen=True)
class Ranges:
    """How the ranges of tensors are measured: the widest, averaged, or as `spans` says, by tensor."""

    average: bool = False
    spans: Spans = field(default_factory=dict)


def best_ranges(prepared: onnx.ModelProto, calibration: Sample) -> tuple[Ranges, onnx.ModelProto]:
    """Return the ranges with the smallest error, and the model quantized with them."""
    tensors = onnx_tensors(prepared, iter(CalibrationReader(prepared, calibration).get_next, None))
    kinds = Ranges(), Ranges(average=True), Ranges(spans=percentile_spans(tensors))
    candidates = [(ranges, quantize(prepared, calibration, ranges)) for ranges in kinds]
    return min(candidates, key=lambda candidate: _mean_square(prepared, candidate[1], calibration))


def prepare(model: onnx.ModelProto) -> onnx.ModelProto:
    """Infer shapes and fold normalization in the float model, as the quantizer needs it."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as name:
        plain, prepared = (Path(name) / f"{step}.onnx" for step in ("plain", "prepared"))
        onnx.save(model, plain)  # for a model in memory, the weights would go to a separate file and get lost
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        return onnx.load(prepared)


def quantize(
    prepared: onnx.ModelProto,
    calibration: Sample,
    ranges: Ranges,
    in_float: Sequence[str] = (),
    in_int16: Sequence[str] = (),
) -> onnx.ModelProto:
    """Quantize to int8, except the nodes named in `in_float` and the tensors named in `in_int16`.

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
        plain, quantized = (Path(name) / f"{step}.onnx" for step in ("prepared", "int8"))
        onnx.save(prepared, plain)
        quantize_static(
            plain,
            quantized,
            CalibrationReader(prepared, calibration),
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


def _mean_square(exact: onnx.ModelProto, candidate: onnx.ModelProto, calibration: Sample) -> float:
    runs = [open_onnx(m.SerializeToString(), "the model", threads=2)[0].run for m in (exact, candidate)]
    reader, errors = CalibrationReader(exact, calibration), []
    for _ in range(JUDGED):
        if tensors := reader.get_next():
            (expected,), (actual,) = (run(None, tensors) for run in runs)
            errors.append(float(np.mean(np.square(expected - actual))))
    return float(np.mean(errors))


class CalibrationReader:
    """Gives a sample to ONNX Runtime, as its CalibrationDataReader does."""

    def __init__(self, model: onnx.ModelProto, calibration: Sample) -> None:
        self._names = [argument.name for argument in model.graph.input]
        self._rows = calibration.feeds()

    def get_next(self) -> dict[str, Tensor] | None:
        """Return the next picture's tensors, or None after the last. A baked style is no input."""
        tensors = next(self._rows, None)
        return {name: tensors[name] for name in self._names} if tensors else None
