"""Counts the multiply-accumulates and bytes of every operator in a model file, from shapes alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from facetoon.benchmarks.roofline.fixed_shapes import fix_onnx, fix_tflite
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import is_tflite
from facetoon.edge_runtime.sessions.picture_shape import Sides

ONNX_WEIGHTS = {
    **{"Conv": 1, "FusedConv": 1, "ConvInteger": 1, "QLinearConv": 3, "ConvTranspose": 1},
    **{"MatMul": 1, "FusedMatMul": 1, "MatMulInteger": 1, "QLinearMatMul": 3, "Gemm": 1, "FusedGemm": 1, "QGemm": 3},
}
"""ONNX operators that multiply matrices, and the place of the weights among their inputs."""
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


def count_ops(model: bytes, sides_px: Sides | None = None) -> list[Op]:
    """Count the operators of a model, in order, for a picture with `sides_px` (height, width) where its size is open.

    Raises InputError when they cannot be counted.
    """
    return count_tflite(fix_tflite(model, sides_px)) if is_tflite(model) else _count_onnx(model, sides_px)


def op_names() -> dict[int, str]:
    """Return the names of TFLite's builtin operators by number."""
    from ai_edge_litert import schema_py_generated as schema

    return {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}


def count_tflite(tree: Any) -> list[Op]:
    """Count the operators of the first subgraph of a ModelT with fixed shapes."""
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


def _count_onnx(model: bytes, sides_px: Sides | None) -> list[Op]:
    graph, shapes = fix_onnx(model, sides_px)
    dequantized = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    ops = []
    for index, node in enumerate(graph.node):
        if node.op_type in ("QuantizeLinear", "DequantizeLinear", "Constant"):
            continue  # fused into its neighbour
        names, kind = (*node.input, node.output[0]), node.op_type
        if kind in ONNX_WEIGHTS and not shapes.keys() >= {name for name in names if name}:
            raise InputError("The multiply-accumulates are not known: the file does not hold the shapes.")
        sizes = [shapes.get(name, ()) for name in names]
        is_int8 = "Integer" in kind or kind.startswith("Q") or any(name in dequantized for name in node.input[:1])
        dtype = "int8" if is_int8 else "float32"
        moved = sum(prod(shape) for shape in sizes) * (1 if dtype == "int8" else 4)
        ops.append(Op(index, kind, onnx_macs(kind, sizes), moved, dtype, sizes[-1]))
    return ops


def onnx_macs(kind: str, shapes: list[tuple[int, ...]]) -> int:
    """Return the multiply-accumulates of an ONNX operator; `shapes` are the inputs', then the output's."""
    if kind not in ONNX_WEIGHTS:
        return 0
    weights, out = shapes[ONNX_WEIGHTS[kind]], prod(shapes[-1])
    if kind == "ConvTranspose":  # weights (in, out per group, h, w)
        return prod(shapes[0]) * prod(weights[1:])
    # A convolution's weights are (out, in per group, h, w); a product sums over the last axis of its first input.
    return out * (prod(weights[1:]) if "Conv" in kind else shapes[0][-1])
