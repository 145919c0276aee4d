"""Finds the shape of every tensor in a model whose sizes are open: for one picture, by the runtime's own run."""

from __future__ import annotations

from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.onnx_session import DTYPES, open_onnx
from facetoon.edge_runtime.sessions.picture_shape import Sides, one_picture

OPEN = -1
Shapes = dict[str, tuple[int, ...]]
"""Shapes by a tensor's name."""


def read_tflite(model: bytes) -> Any:
    """Parse a flatbuffer into the schema's object tree (ModelT). Raises InputError where LiteRT is missing."""
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        raise InputError("Operators are counted with LiteRT's schema, which is not installed here.") from None
    return schema.ModelT.InitFromPackedBuf(model, 0)


def fix_tflite(model: bytes, sides_px: Sides | None) -> Any:
    """Do `read_tflite`; open sizes get the shapes that they have for a picture with `sides_px`, height and width."""
    tree = read_tflite(model)
    tensors = tree.subgraphs[0].tensors
    if not any(tensor.shapeSignature is not None and OPEN in tensor.shapeSignature for tensor in tensors):
        return tree
    # Without XNNPACK, which keeps the shapes of its own tensors to itself.
    interpreter, _ = open_interpreter(model, "the model", "litert", 1, xnnpack=False, sides_px=sides_px)
    interpreter.invoke()
    for details in interpreter.get_tensor_details():
        if details["index"] < len(tensors):
            tensors[details["index"]].shape = details["shape"]
            tensors[details["index"]].shapeSignature = None
    return tree


def fix_onnx(model: bytes, sides_px: Sides | None) -> tuple[Any, Shapes]:
    """Return an ONNX graph and the shapes of its tensors, for a picture with `sides_px`, height and width.

    Shape inference finds most of them, and one run of a frame the others. Raises InputError without the onnx package.
    """
    try:
        import onnx
    except ImportError:
        raise InputError("ONNX operators are counted with the onnx package: pip install onnx.") from None
    network = onnx.load_from_string(model)
    graph = network.graph
    constants = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in graph.input:
        dims = value.type.tensor_type.shape.dim
        for dim, size in zip(dims, one_picture([d.dim_value for d in dims], sides_px), strict=True):
            if size:
                dim.dim_value = size
    del graph.value_info[:]  # names of open sizes there would outlive the numbers
    inferred = onnx.shape_inference.infer_shapes(network, data_prop=True).graph
    shapes = constants | {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
        for value in (*inferred.value_info, *inferred.input)
        if value.type.tensor_type.HasField("shape")
    }
    shapes = {name: shape for name, shape in shapes.items() if all(shape)}
    made = [name for node in graph.node for name in node.output if name]
    unknown = [name for name in made if name not in shapes]
    return graph, shapes | (_run_shapes(onnx, network, unknown) if unknown else {})


def _run_shapes(onnx: Any, network: Any, names: list[str]) -> Shapes:
    """The shapes of tensors in a run. Empty when an input's shape is open still."""
    constants = {tensor.name for tensor in network.graph.initializer}
    del network.graph.output[:]
    network.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session, _ = open_onnx(network.SerializeToString(), "the model", 1)
    feeds = {}
    for argument in session.get_inputs():
        if argument.name in constants:
            continue
        if not all(isinstance(size, int) for size in argument.shape):
            return {}
        feeds[argument.name] = np.zeros(argument.shape, DTYPES[argument.type])
    return {name: np.shape(value) for name, value in zip(names, session.run(names, feeds), strict=True)}
