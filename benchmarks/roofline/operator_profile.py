"""Measures each operator of a .tflite model alone, as a separate model: LiteRT's Python interface has no profiler.

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
    """Return a row for each operator of a flatbuffer, with its best time alone in ms and its share of the roofline."""
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
    """Return a model for each operator of `model`, with the operator's weights."""
    models = []
    for index in range(len(read_tflite(model).subgraphs[0].operators)):
        tree = read_tflite(model)  # a fresh copy, since the next lines change it
        graph = tree.subgraphs[0]
        node = graph.operators[index]
        is_constant = [tree.buffers[tensor.buffer].data is not None for tensor in graph.tensors]
        graph.operators = [node]
        graph.inputs = [i for i in node.inputs if i >= 0 and not is_constant[i]]
        graph.outputs = list(node.outputs)
        tree.signatureDefs = tree.metadata = None
        models.append(pack_tflite(tree))
    return models
