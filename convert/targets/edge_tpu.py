"""Coral's Edge TPU, by the documented operators of its compiler, which no package index holds.

The table is https://coral.ai/docs/edgetpu/models-intro/#supported-operations, of the compiler's version 16.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from facetoon.convert.targets.placement import CPU, PlacedOperator

EDGE_TPU = "Edge TPU"
# Most have limits, such as no fused activation or a largest size, which are not checked.
OPERATORS = """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D EXPAND_DIMS FULLY_CONNECTED L2_NORMALIZATION LOGISTIC
    MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL PACK PAD PRELU QUANTIZE REDUCE_MAX REDUCE_MIN RELU RELU6 RELU_N1_TO_1 RESHAPE
    RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT SLICE SOFTMAX SPACE_TO_DEPTH SPLIT SQUARED_DIFFERENCE SQUEEZE
    STRIDED_SLICE SUB SUM TANH TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM
"""
NOTE = (
    "By the compiler's documented list of int8 operators. From the first one that it does not know on, all run on the "
    "CPU; it may also leave operators whose sizes exceed its limits."
)


def place_on_edge_tpu(operators: list[dict[str, Any]], tensors: dict[int, dict[str, Any]]) -> list[PlacedOperator]:
    """Place an interpreter's operators, in their order, by the types of its tensors."""
    placed, where = [], EDGE_TPU
    for op in operators:
        output = tensors[int(op["outputs"][0])]
        is_int8 = np.dtype(output["dtype"]).itemsize == 1
        where = where if is_int8 and op["op_name"] in OPERATORS.split() else CPU
        placed.append(PlacedOperator(op["op_name"], output["name"], where))
    return placed
