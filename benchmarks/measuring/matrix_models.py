"""TFLite models made on the spot: matrix products for the peak, additions for the bandwidth, one operator alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from facetoon.benchmarks.measuring.operator_counts import read_tflite

FLOAT32, INT32, INT8 = 0, 2, 9


def product_model(dtype: str, side: int, layers: int = 4) -> bytes:
    """`layers` fully connected layers (side x side weights) over `side` rows, one after another."""
    return _chain("product", dtype, (side, side), layers)


def addition_model(elements: int, layers: int = 1) -> bytes:
    """`layers` float32 additions of two tensors of `elements`, each reading two and writing one."""
    return _chain("addition", "float32", (1, elements), layers)


def _chain(kind: str, dtype: str, shape: tuple[int, int], layers: int) -> bytes:
    from ai_edge_litert import schema_py_generated as s

    model, graph = s.ModelT(), s.SubGraphT()
    model.version, model.buffers, model.subgraphs = 3, [s.BufferT()], [graph]
    code = s.OperatorCodeT()
    builtin = s.BuiltinOperator.FULLY_CONNECTED if kind == "product" else s.BuiltinOperator.ADD
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = 4 if dtype == "int8" else 1
    model.operatorCodes, graph.tensors, graph.operators = [code], [], []
    number = INT8 if dtype == "int8" else FLOAT32
    random = np.random.default_rng(0)
    current = first = _tensor(s, model, graph, "in", shape, number)
    graph.inputs = [first]
    other = None
    if kind == "addition":
        other = _tensor(s, model, graph, "other", shape, number)
        graph.inputs = [first, other]
    for layer in range(layers):
        operator = s.OperatorT()
        operator.opcodeIndex = 0
        if kind == "product":
            weights = random.integers(-100, 100, (shape[1], shape[1])).astype(np.int8)
            data = weights if dtype == "int8" else (weights / 1000).astype(np.float32)
            constant = _tensor(s, model, graph, f"w{layer}", data.shape, number, data)
            operator.inputs = [current, constant, -1]
            operator.builtinOptionsType = s.BuiltinOptions.FullyConnectedOptions
            operator.builtinOptions = s.FullyConnectedOptionsT()
        else:
            operator.inputs = [current, other]
            operator.builtinOptionsType = s.BuiltinOptions.AddOptions
            operator.builtinOptions = s.AddOptionsT()
        current = _tensor(s, model, graph, f"out{layer}", shape, number)
        operator.outputs = [current]
        graph.operators.append(operator)
    graph.outputs = [current]
    return _pack(s, model)


def single_op_models(model: bytes) -> list[bytes]:
    """One model for each operator of `model`, its weights kept: LiteRT's Python interface has no profiler."""
    from ai_edge_litert import schema_py_generated as s

    out = []
    for index in range(len(read_tflite(model).subgraphs[0].operators)):
        tree = read_tflite(model)  # afresh, since it is cut to pieces
        graph = tree.subgraphs[0]
        node = graph.operators[index]
        is_constant = [tree.buffers[tensor.buffer].data is not None for tensor in graph.tensors]
        graph.operators = [node]
        graph.inputs = [i for i in node.inputs if i >= 0 and not is_constant[i]]
        graph.outputs = list(node.outputs)
        tree.signatureDefs = tree.metadata = None
        out.append(_pack(s, tree))
    return out


def _tensor(s: Any, model: Any, graph: Any, name: str, shape: tuple[int, ...], number: int, data: Any = None) -> int:
    tensor, buffer = s.TensorT(), s.BufferT()
    tensor.name, tensor.shape, tensor.type = name, list(shape), number
    if data is not None:
        buffer.data = np.frombuffer(data.tobytes(), np.uint8)
    if number == INT8:
        tensor.quantization = s.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [0.02], [0]
    model.buffers.append(buffer)
    tensor.buffer = len(model.buffers) - 1
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _pack(s: Any, model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
