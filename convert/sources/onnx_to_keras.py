"""Turns an ONNX generator into a Keras model, operator by operator, and holds it to ONNX Runtime's values.

The converters of others pin older libraries than this kit runs on (onnx2tf 1.29: TensorFlow 2.19 and NumPy 1.26; its
later versions need Python 3.12). A Keras model also passes through every later step: recipes, folding, debugging.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from keras import layers, ops

from facetoon.convert.quiet import refusing
from facetoon.convert.sources import onnx_operators as form
from facetoon.convert.sources.exported_onnx import Function
from facetoon.convert.sources.onnx_values import LAST, SECOND, OnnxNode, as_onnx, axis_of, beside, is_picture
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import read_model_bytes
from facetoon.edge_runtime.sessions.model_trial import check_and_try
from facetoon.edge_runtime.sessions.onnx_session import open_onnx
from facetoon.edge_runtime.sessions.picture_shape import Sides
from facetoon.training.foreign.model_parts import external_weights

CLOSE = 1e-4  # largest difference from ONNX Runtime, in shares of the values' reach
TRIED = 2  # pictures of noise that compare the two


def unary(function: Callable[[Any], Any]) -> Callable[[OnnxNode], Any]:
    """Return the operator that maps each value by itself."""
    return lambda node: function(node.inputs[0])


def binary(function: Callable[[Any, Any], Any]) -> Callable[[OnnxNode], Any]:
    """Return the operator that joins values one by one."""

    def run(node: OnnxNode) -> Any:
        first, *others = node.inputs
        for other in others:
            first = function(beside(other, first), beside(first, other))
        return first

    return run


def _clip(node: OnnxNode) -> Any:
    low, high = (node.setting(name, place) for place, name in ((1, "min"), (2, "max")))
    x = node.inputs[0]
    if low is not None and not float(low) and high is not None and float(high) == 6:
        return layers.ReLU(6.0)(x)
    x = x if low is None else ops.maximum(x, float(low))
    return x if high is None else ops.minimum(x, float(high))


def _parametric(node: OnnxNode) -> Any:
    x, slope = node.inputs
    return ops.relu(x) - ops.relu(-x) * beside(x, slope)


def _gelu(node: OnnxNode) -> Any:
    return ops.gelu(node.inputs[0], approximate=node.attributes.get("approximate", "none") == "tanh")


def _concat(node: OnnxNode) -> Any:
    model = next(value for value in node.inputs if keras.utils.is_keras_tensor(value))
    values = [beside(model, value) for value in node.inputs]
    return ops.concatenate(values, axis_of(model, node.attributes["axis"]))


def _hard_sigmoid(node: OnnxNode) -> Any:
    slope, middle = node.attributes.get("alpha", 0.2), node.attributes.get("beta", 0.5)
    return ops.clip(node.inputs[0] * slope + middle, 0.0, 1.0)


OPERATORS: dict[str, Callable[[OnnxNode], Any]] = {
    "Conv": form.convolution,
    "ConvTranspose": form.transposed_convolution,
    "InstanceNormalization": form.picture_normalization,
    "LayerNormalization": form.normalization,
    "BatchNormalization": form.batch_normalization,
    "Pad": form.pad,
    **dict.fromkeys(("Resize", "Upsample"), form.resize),
    **dict.fromkeys(("AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool"), form.pool),
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), form.reshape),
    **dict.fromkeys(("MatMul", "Gemm"), form.product),
    "Transpose": form.transpose,
    "Slice": form.cut,
    "Split": form.split,
    "DepthToSpace": form.depth_to_space,
    "ReduceMean": form.reduce(ops.mean),
    "ReduceSum": form.reduce(ops.sum),
    "ReduceMax": form.reduce(ops.max),
    "Concat": _concat,
    **dict.fromkeys(("Identity", "Dropout", "Cast"), unary(lambda x: x)),
    "Relu": unary(lambda x: layers.ReLU()(x)),
    "LeakyRelu": lambda node: layers.LeakyReLU(node.attributes.get("alpha", 0.01))(node.inputs[0]),
    "PRelu": _parametric,
    "Elu": unary(ops.elu),
    "Clip": _clip,
    "Tanh": unary(ops.tanh),
    "Sigmoid": unary(ops.sigmoid),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": unary(lambda x: x * ops.clip(x / 6 + 0.5, 0.0, 1.0)),
    "Softplus": unary(ops.softplus),
    "Softmax": lambda node: ops.softmax(node.inputs[0], axis_of(node.inputs[0], node.attributes.get("axis", -1))),
    "Gelu": _gelu,
    "Erf": unary(ops.erf),
    "Exp": unary(ops.exp),
    "Log": unary(ops.log),
    "Sqrt": unary(ops.sqrt),
    "Reciprocal": unary(ops.reciprocal),
    "Neg": unary(ops.negative),
    "Abs": unary(ops.abs),
    "Add": binary(ops.add),
    "Sub": binary(ops.subtract),
    "Mul": binary(ops.multiply),
    "Div": binary(ops.divide),
    "Pow": binary(ops.power),
    "Max": binary(ops.maximum),
    "Min": binary(ops.minimum),
}


def load_onnx(path: Path, sides_px: Sides | None, output: str = "") -> Any:
    """Return a Keras model with the file's values, channels last: (batch, h, w, 3) to its `output`, or to all outputs.

    `sides_px` are height and width for a network of free size. Weights in files beside `path` are found by the path
    itself. Raises InputError as `as_keras` does.
    """
    try:
        for file in external_weights(path):
            read_model_bytes(file)
        model = onnx.load(path)
    except InputError:
        raise
    except Exception as error:  # protobuf's and the checker's exceptions share no base class
        raise InputError(f"{path} is not an ONNX model that can be loaded: {str(error).splitlines()[0]}") from None
    return as_keras(model, path, sides_px, output)


def as_keras(
    model: onnx.ModelProto, path: Path, sides_px: Sides | None, output: str = "", source: Function | None = None
) -> Any:
    """Return the Keras model of an ONNX model that was read from `path`, as `load_onnx` does.

    `source` is the function that the file itself is, if it is no .onnx. Raises InputError for an operator without a
    Keras form, and when values differ from those of ONNX Runtime or the source.
    """
    fixed = _of_one_size(model, path, sides_px)
    session, _ = open_onnx(fixed.SerializeToString(), str(path), threads=1)
    (entry,) = session.get_inputs()
    try:
        network = _translated(fixed, path.stem)
    except InputError as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    check_values(path, entry.shape, lambda picture: session.run(None, {entry.name: picture}), network, "ONNX Runtime")
    if source:
        check_values(path, entry.shape, source, network, "its own runtime")
    names = [value.name for value in fixed.graph.output]
    if output and output not in names:
        raise InputError(f"{path} has no output {output}; it has {', '.join(names)}.")
    return keras.Model(network.inputs, network.outputs[names.index(output)], name=network.name) if output else network


def _of_one_size(model: onnx.ModelProto, path: Path, sides_px: Sides | None) -> onnx.ModelProto:
    """The network for one picture of a fixed size, with constants computed by ONNX Runtime's basic optimizer."""
    import onnxruntime

    constants = {tensor.name for tensor in model.graph.initializer}
    sources = [value for value in model.graph.input if value.name not in constants]
    shape: Any = sources[0].type.tensor_type.shape.dim if len(sources) == 1 else ()
    if len(shape) != 4:
        raise InputError(f"{path} has {len(sources)} input(s); a generator takes one picture (1, 3, n, n).")
    for dim, size in zip(shape, _sizes([dim.dim_value for dim in shape], path, sides_px), strict=True):
        dim.Clear()
        dim.dim_value = size
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    check_and_try(model.SerializeToString(), path, "onnxruntime")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = f"{folder}/fixed.onnx"
        try:
            onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions share no base class
            raise InputError(f"{path} is not a model that onnxruntime can run: {str(error).splitlines()[0]}") from None
        return onnx.load(options.optimized_model_filepath)


def _sizes(shape: list[int], path: Path, sides_px: Sides | None) -> list[int]:
    """Return a picture's shape without open sizes, which are 0. The batch becomes 1, open colours 3."""
    channels = 1 if shape[1] == 3 else 3
    sizes = [1, *shape[1:]]
    sizes[channels] = 3
    for axis, side in zip((2, 3) if channels == 1 else (1, 2), sides_px or (0, 0), strict=True):
        sizes[axis] = sizes[axis] or side
    if 0 in sizes:
        raise InputError(f"{path} takes pictures of any size: state one with --size, such as 256 or 480x640.")
    return sizes


def _translated(model: onnx.ModelProto, name: str) -> Any:
    graph = model.graph
    values: dict[str, Any] = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    (source,) = (value for value in graph.input if value.name not in values)
    shape = [dim.dim_value for dim in source.type.tensor_type.shape.dim]
    size = [side for side in shape[1:] if side != 3]
    image = keras.Input((*size, 3), name="image")
    values[source.name] = image if shape[1] == 3 else ops.transpose(image, LAST)
    for node in graph.node:
        inputs = [values.get(key) for key in node.input]
        attributes = {a.name: _plain(onnx.helper.get_attribute_value(a)) for a in node.attribute}
        if node.op_type == "Constant":
            values[node.output[0]] = onnx.numpy_helper.to_array(attributes["value"])
            continue
        if node.op_type not in OPERATORS or node.domain not in ("", "ai.onnx", "com.microsoft"):
            raise InputError(f"its operator {node.op_type} has no Keras form here")
        results = OPERATORS[node.op_type](OnnxNode(node.op_type, inputs, attributes, len(node.output)))
        values |= dict(zip(node.output, results if isinstance(results, list) else [results], strict=False))
    outputs = [_channels_last(values[value.name]) for value in graph.output]
    return keras.Model(image, outputs if len(outputs) > 1 else outputs[0], name=name)


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _channels_last(value: Any) -> Any:
    """A picture that the file itself gives with channels last is held as if its height were the channels."""
    if is_picture(value) and value.shape[-1] not in (3, 4):
        return as_onnx(value)
    return value


def check_values(path: Path, shape: Sequence[int], source: Function, network: Any, whose: str) -> None:
    """Raise InputError unless the Keras model agrees with `source`, which takes one picture of `shape`, on noise."""
    pictures = np.random.default_rng(1).uniform(-1, 1, (TRIED, *network.inputs[0].shape[1:])).astype(np.float32)
    fed = pictures if shape[-1] == 3 else pictures.transpose(SECOND)
    with refusing(f"{path} cannot be tried on two pictures of noise"):
        drawn = [np.asarray(y) for y in keras.tree.flatten(network(pictures, training=False))]
        expected = [source(np.ascontiguousarray(picture)) for picture in fed[:, np.newaxis]]
    for place, outputs in enumerate(expected):
        for there, several in zip(outputs, drawn, strict=True):
            here = several[place : place + 1]
            held = there if there.shape == here.shape else there.transpose(LAST)
            worst = float(np.abs(held - here).max()) / max(1.0, float(np.abs(held).max()))
            if not worst <= CLOSE:
                raise InputError(f"{path} as Keras differs from {whose} by {worst:.2g}, more than {CLOSE:g}.")
