"""Measures each operator of a .tflite model alone, as a separate model: LiteRT's Python interface has no profiler.

A lone operator loses fusion with its neighbours and warm caches. The call itself adds some microseconds.
"""

from __future__ import annotations

import copy
from typing import Any

from facetoon.benchmarks.roofline.device_peaks import Peaks, best_ms
from facetoon.benchmarks.roofline.fixed_shapes import fix_tflite
from facetoon.benchmarks.roofline.flatbuffer_graph import pack_tflite
from facetoon.benchmarks.roofline.operator_counts import Op, count_tflite
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.picture_shape import Sides


def profile_operators(
    model: bytes, sides_px: Sides | None, runtime: str, threads: int, peaks: Peaks, seconds: float = 0.02
) -> list[dict[str, Any]]:
    """Return a row for each operator of a flatbuffer, with its best time alone in ms and its share of the roofline.

    `sides_px`, height and width, are those of the picture where the file leaves them open. An operator that cannot run
    alone, because another computes a shape for it, has no time.
    """
    tree = fix_tflite(model, sides_px)
    times = [_alone_ms(alone, runtime, threads, seconds) for alone in single_op_models(tree)]
    return table_rows(count_tflite(tree), times, peaks)


def _alone_ms(model: bytes, runtime: str, threads: int, seconds: float) -> float | None:
    try:
        return best_ms(model, runtime, threads, seconds)
    except (InputError, RuntimeError, ValueError):
        return None


def table_rows(ops: list[Op], times_ms: list[float | None], peaks: Peaks) -> list[dict[str, Any]]:
    """Return a row of the operator table for each operator. No share exceeds 1: a faster operator raises the peak."""
    for op, best in zip(ops, times_ms, strict=True):
        peaks = peaks.raised_by(op, best) if best else peaks
    return [
        {
            "index": op.index,
            "op": op.kind,
            "shape": list(op.shape),
            "dtype": op.dtype,
            "macs": op.macs,
            "bytes": op.bytes,
            "alone_ms": None if best is None else round(best, 5),
            "roofline_share": None if not best else round(peaks.least_ms(op) / best, 4),
        }
        for op, best in zip(ops, times_ms, strict=True)
    ]


def single_op_models(tree: Any) -> list[bytes]:
    """Return a model for each operator of a ModelT with fixed shapes, with the operator's weights."""
    models = []
    for node in tree.subgraphs[0].operators:
        alone, graph = copy.copy(tree), copy.copy(tree.subgraphs[0])
        is_constant = [tree.buffers[tensor.buffer].data is not None for tensor in graph.tensors]
        graph.operators = [node]
        graph.inputs = [i for i in node.inputs if i >= 0 and not is_constant[i]]
        graph.outputs = list(node.outputs)
        alone.subgraphs, alone.signatureDefs, alone.metadata = [graph], None, None
        models.append(pack_tflite(alone))
    return models
