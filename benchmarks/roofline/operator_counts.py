"""Counts the multiply-accumulates and bytes of every operator in a model file, from shapes alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import read_model_bytes

ONNX_MATRIX_OPS = ("Conv", "ConvTranspose", "MatMul", "Gemm")
ITEM_BYTES = {0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 7: 2, 9: 1}  # TFLite's TensorType: float32, float16, int32, uint8, ...


@dataclass(frozen=True)
class Op:
    """One operator of a model."""

    index: int
    kind: str
    macs: int
    bytes: int
    """Bytes of inputs, weights and outputs, each counted once."""
    dtype: str
    """"int8" or "float32", which chooses the matrix peak that bounds it."""
    shape: tuple[int, ...]
    """Shape of its first output."""


def count_ops(path: Path) -> list[Op]:
    """Count the operators of a model file, in order. Raises InputError when they cannot be counted."""
    return _count_onnx(path) if path.suffix == ".onnx" else count_tflite(read_model_bytes(path))


def read_tflite(model: bytes) -> Any:
    """Parse a flatbuffer into the schema's object tree (ModelT). Raises InputError where LiteRT is missing."""
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        raise InputError("Operators are counted with LiteRT's schema, which is not installed here.") from None
    return schema.ModelT.InitFromPackedBuf(model, 0)


def op_names() -> dict[int, str]:
    """Return the names of TFLite's builtin operators by number."""
    from ai_edge_litert import schema_py_generated as schema

    return {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}


def count_tflite(model: bytes) -> list[Op]:
    """Count the operators of a flatbuffer's first subgraph."""
    tree = read_tflite(model)
    graph, names = tree.subgraphs[0], op_names()
    ops = []
    for index, node in enumerate(graph.operators):
        code = tree.operatorCodes[node.opcodeIndex]
        kind = names.get(max(code.builtinCode, code.deprecatedBuiltinCode), "CUSTOM")
        sources = [graph.tensors[i] for i in node.inputs if i >= 0]
        targets = [graph.tensors[i] for i in node.outputs if i >= 0]
        moved = sum(_size(tensor) for tensor in (*sources, *targets))
        has_int8 = any(tensor.type == 9 for tensor in sources)
        shapes = [tuple(map(int, t.shape if t.shape is not None else ())) for t in (*sources, targets[0])]
        ops.append(Op(index, kind, _tflite_macs(kind, shapes), moved, "int8" if has_int8 else "float32", shapes[-1]))
    return ops


def _size(tensor: Any) -> int:
    return prod(map(int, tensor.shape if tensor.shape is not None else ())) * ITEM_BYTES.get(tensor.type, 4)


def _tflite_macs(kind: str, shapes: list[tuple[int, ...]]) -> int:
    """`shapes` are the inputs', then the output's. Weights are (out, h, w, in), or (1, h, w, out) if depthwise."""
    out = prod(shapes[-1])
    if kind == "CONV_2D":
        return out * prod(shapes[1][1:])
    if kind == "DEPTHWISE_CONV_2D":
        return out * prod(shapes[1][1:3])
    if kind == "FULLY_CONNECTED":
        return out * shapes[1][-1]
    if kind == "TRANSPOSE_CONV":  # inputs: output shape, weights, picture; it works at the resolution of its input
        return prod(shapes[2]) * prod(shapes[1][:3])
    if kind == "BATCH_MATMUL":
        return out * shapes[0][-1]
    return 0


def _count_onnx(path: Path) -> list[Op]:
    try:
        import onnx
    except ImportError:
        raise InputError("ONNX operators are counted with the onnx package: pip install onnx.") from None
    model = onnx.load_from_string(read_model_bytes(path))
    for tensor in model.graph.input:  # a batch of any size is one picture
        batch = tensor.type.tensor_type.shape.dim[0:1]
        if batch and not batch[0].dim_value:
            batch[0].dim_value = 1
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in
              (*graph.value_info, *graph.input, *graph.output)}  # fmt: skip
    shapes |= {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    dequantized = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    ops = []
    for index, node in enumerate(graph.node):
        if node.op_type in ("QuantizeLinear", "DequantizeLinear", "Constant"):
            continue  # fused into its neighbour
        sizes = [shapes.get(name, ()) for name in (*node.input, node.output[0])]
        if node.op_type in ONNX_MATRIX_OPS and (not sizes[-1] or not all(prod(shape) for shape in sizes)):
            raise InputError(f"The operators of {path.name} cannot be counted: it does not hold their shapes.")
        dtype = "int8" if node.input and node.input[0] in dequantized else "float32"
        moved = sum(prod(shape) for shape in sizes) * (1 if dtype == "int8" else 4)
        ops.append(Op(index, node.op_type, _onnx_macs(node.op_type, sizes), moved, dtype, sizes[-1]))
    return ops


def _onnx_macs(kind: str, shapes: list[tuple[int, ...]]) -> int:
    out = prod(shapes[-1]) if shapes[-1] else 0
    if kind == "Conv":  # weights (out, in per group, h, w)
        return out * prod(shapes[1][1:])
    if kind == "ConvTranspose":  # weights (in, out per group, h, w)
        return prod(shapes[0]) * prod(shapes[1][1:])
    if kind in ("MatMul", "Gemm"):
        return out * shapes[0][-1]
    return 0
