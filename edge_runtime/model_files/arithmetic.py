"""Says in which numbers a model computes: by its convolutions and products, not by its inputs and outputs."""

from __future__ import annotations

from facetoon.edge_runtime.model_files import onnx_tail
from facetoon.edge_runtime.model_files.flatbuffer_table import FlatbufferTable, read_number
from facetoon.edge_runtime.model_files.tailed_file import is_tflite
from facetoon.edge_runtime.model_files.tflite_check import (
    BUFFER,
    BUFFERS,
    CODE_INDEX,
    DATA,
    INPUTS,
    MOST_GRAPHS,
    MOST_TABLES,
    NEW_CODE,
    OLD_CODE,
    OP_INPUTS,
    OPERATOR_CODES,
    OPERATORS,
    OUTPUTS,
    SUBGRAPHS,
    TENSORS,
    TYPE,
)

PICTURE_AND_WEIGHTS = {3: (0, 1), 4: (0, 1), 9: (0, 1), 67: (2, 1)}
"""Places among an operator's inputs, by code: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, TRANSPOSE_CONV."""
TYPES = {0: "float32", 1: "float16", 3: "uint8", 7: "int16", 9: "int8"}
FLOAT32 = "float32"
ONNX_INT8 = ("QLinearConv", "ConvInteger", "MatMulInteger", "QuantizeLinear", "DequantizeLinear")


def arithmetic_of(model: bytes) -> str:
    """Return a label such as "int8, float32 in and out", "float32, int8 weights" or "float32".

    The bytes are a sound model, .tflite or .onnx.
    """
    if not is_tflite(model):
        return "int8" if onnx_tail.operator_types(model) & {*ONNX_INT8} else "float"
    root = FlatbufferTable(model, read_number(model, "<I", 0))
    codes = [
        max(code.number(OLD_CODE, "<b"), code.number(NEW_CODE, "<i"))
        for code in root.tables(OPERATOR_CODES, MOST_TABLES)
    ]
    graph = root.tables(SUBGRAPHS, MOST_GRAPHS)[0]
    tensors = graph.tables(TENSORS, MOST_TABLES)
    types = [TYPES.get(tensor.number(TYPE, "<b"), "other") for tensor in tensors]
    pairs = set()
    for operator in graph.tables(OPERATORS, MOST_TABLES):
        places = PICTURE_AND_WEIGHTS.get(codes[operator.number(CODE_INDEX, "<I")])
        inputs = operator.numbers(OP_INPUTS, "i")
        if places and len(inputs) > max(places):
            pairs.add(tuple(types[inputs[place]] for place in places))
    ends = [types[index] for slot in (INPUTS, OUTPUTS) for index in graph.numbers(slot, "i")]
    buffers = [buffer.vector(DATA, 1)[1] for buffer in root.tables(BUFFERS, MOST_TABLES)]
    has_half = any(types[n] == "float16" and buffers[t.number(BUFFER, "<I")] for n, t in enumerate(tensors))
    return _label({picture for picture, _ in pairs}, {weights for _, weights in pairs}, ends, has_half)


def _label(pictures: set[str], weights: set[str], ends: list[str], has_half_weights: bool) -> str:
    computing = " and ".join(sorted(pictures)) or ends[0]
    if has_half_weights:
        return f"{computing}, float16 weights"
    if pictures == {FLOAT32} and weights - pictures:
        return f"{computing}, {' and '.join(sorted(weights - pictures))} weights"
    if pictures and FLOAT32 not in pictures and set(ends) == {FLOAT32}:
        return f"{computing}, float32 in and out"
    return computing
