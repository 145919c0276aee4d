"""Measures each operator of a .tflite model alone, as a model of its own: LiteRT's Python interface has no profiler.

A lone operator loses fusion with its neighbours and warm caches. The call itself adds some microseconds.
"""

from __future__ import annotations

from typing import Any

from facetoon.benchmarks.roofline.device_peaks import Peaks, best_ms
from facetoon.benchmarks.roofline.flatbuffer_graph import pack_tflite
from facetoon.benchmarks.roofline.operator_counts import count_tflite, read_tflite


def profile_operators(
    model: bytes, runtime: str, threads: int, peaks: Peaks, seconds: float = 0.02
) -> list[dict[str, Any]]:
    """A row for each operator of a flatbuffer: its best time alone in ms, and the share of the roofline it reaches."""
    rows = []
    for op, alone in zip(count_tflite(model), single_op_models(model), strict=True):
        alone_ms = best_ms(alone, runtime, threads, seconds)
        rows.append(
            {
                "index": op.index,
                "op": op.kind,
                "shape": list(op.shape),
                "dtype": op.dtype,
                "macs": op.macs,
                "bytes": op.bytes,
                "alone_ms": round(alone_ms, 5),
                "roofline_share": round(peaks.least_ms(op) / alone_ms, 4),
            }
        )
    return rows


def single_op_models(model: bytes) -> list[bytes]:
    """A model for each operator of `model`, with that operator's weights."""
    models = []
    for index in range(len(read_tflite(model).subgraphs[0].operators)):
        tree = read_tflite(model)  # a fresh copy, because it is cut to pieces
        graph = tree.subgraphs[0]
        node = graph.operators[index]
        is_constant = [tree.buffers[tensor.buffer].data is not None for tensor in graph.tensors]
        graph.operators = [node]
        graph.inputs = [i for i in node.inputs if i >= 0 and not is_constant[i]]
        graph.outputs = list(node.outputs)
        tree.signatureDefs = tree.metadata = None
        models.append(pack_tflite(tree))
    return models
