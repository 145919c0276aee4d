"""Builds the models of matrix_models as ONNX, to measure ONNX Runtime. Needs the onnx package."""

from __future__ import annotations

from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError

OPSET, IR_VERSION = 17, 8
SCALE = 0.02


def product_onnx(dtype: str, side: int, layers: int = 4) -> bytes:
    """Build a chain of `layers` matrix products (side x side). Rows have `dtype`; weights are int8 or float32.

    An integer product is a float product between DequantizeLinear and QuantizeLinear, which ONNX Runtime fuses.
    """
    onnx = _onnx()
    random = np.random.default_rng(0)
    weights = [random.integers(-100, 100, (side, side)).astype(np.int8) for _ in range(layers)]
    is_float = dtype == "float32"
    constants = {f"w{n}": (w / 1000).astype(np.float32) if is_float else w for n, w in enumerate(weights)}
    nodes, current = [], "in"
    for n in range(layers):
        if not is_float:
            nodes += [
                onnx.helper.make_node("DequantizeLinear", [current, "scale", "zero"], [f"a{n}"]),
                onnx.helper.make_node("DequantizeLinear", [f"w{n}", "scale", "zero_w"], [f"b{n}"]),
                onnx.helper.make_node("MatMul", [f"a{n}", f"b{n}"], [f"c{n}"]),
                onnx.helper.make_node("QuantizeLinear", [f"c{n}", "scale", "zero"], [f"out{n}"]),
            ]
        else:
            nodes.append(onnx.helper.make_node("MatMul", [current, f"w{n}"], [f"out{n}"]))
        current = f"out{n}"
    if not is_float:
        zeros = {"zero": np.array(0, dtype), "zero_w": np.array(0, np.int8)}
        constants |= {"scale": np.array(SCALE, np.float32)} | zeros
    return _pack(onnx, nodes, constants, {"in": (dtype, (side, side))}, (current, dtype, (side, side)))


def addition_onnx(elements: int, layers: int = 1) -> bytes:
    """Build a chain of `layers` float32 additions. Each reads two tensors of `elements` and writes one."""
    onnx = _onnx()
    names = ["in", *(f"out{n}" for n in range(layers))]
    nodes = [onnx.helper.make_node("Add", [names[n], "other"], [names[n + 1]]) for n in range(layers)]
    shape = (1, elements)
    inputs = {"in": ("float32", shape), "other": ("float32", shape)}
    return _pack(onnx, nodes, {}, inputs, (names[-1], "float32", shape))


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise InputError("To measure ONNX Runtime's matrix peak, install the onnx package: pip install onnx.") from None
    return onnx


def _pack(onnx: Any, nodes: list[Any], constants: dict[str, Any], inputs: dict[str, Any], output: Any) -> bytes:
    def named(name: str, dtype: str, shape: tuple[int, ...]) -> Any:
        return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)

    weights = [onnx.numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = onnx.helper.make_graph(
        nodes, "measuring", [named(name, *kind) for name, kind in inputs.items()], [named(*output)], weights
    )
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
