"""Share of the possible: the device's own peaks through the same runtime, and how near to them a model comes.

An operator cannot take less than its multiply-accumulates at the matrix peak, nor less than its bytes at the memory
bandwidth (the roofline of Williams et al., 2009). Bandwidth is measured in and out of the caches, because what a small
network moves stays in them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from facetoon.benchmarks.measuring.matrix_models import addition_model, product_model, single_op_models
from facetoon.benchmarks.measuring.onnx_matrix_models import addition_onnx, product_onnx
from facetoon.benchmarks.measuring.operator_counts import Op, count_tflite
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.onnx_session import open_onnx

TYPES = {"tensor(float)": np.float32, "tensor(int8)": np.int8, "tensor(uint8)": np.uint8}
PRODUCT_SIDES = (256, 512)
WORKING_SETS = {196_608: 16, 3_145_728: 4, 50_331_648: 1}
"""Bytes of an addition's three tensors: how many additions a run, so that the call itself costs little."""


@dataclass(frozen=True)
class Peaks:
    """What the runtime reaches on this device with so many threads."""

    runtime: str
    threads: int
    int8_gmac_per_s: float
    float32_gmac_per_s: float
    bandwidth_gb_per_s: dict[int, float]
    """By working set in bytes."""

    def least_ms(self, op: Op) -> float:
        """The least time that the operator can take."""
        peak = self.int8_gmac_per_s if op.dtype == "int8" else self.float32_gmac_per_s
        sets = sorted(self.bandwidth_gb_per_s)
        fitting = next((size for size in sets if op.bytes <= size), sets[-1])
        return max(op.macs / peak, op.bytes / self.bandwidth_gb_per_s[fitting]) / 1e6


def measure_peaks(runtime: str, threads: int, seconds: float = 0.15) -> Peaks:
    """The best of two sizes of product, and one bandwidth for each working set."""
    is_onnx = runtime == "onnxruntime"
    product, addition = (product_onnx, addition_onnx) if is_onnx else (product_model, addition_model)
    rates = {}
    for dtype in ("int8", "float32"):
        rates[dtype] = max(
            4 * side**3 / 1e6 / _best_ms(product(rows, side), runtime, threads, seconds)
            for side in PRODUCT_SIDES
            # ONNX Runtime prefers uint8 rows on x86 with VNNI, and int8 ones on ARM.
            for rows in ((dtype, "uint8") if is_onnx and dtype == "int8" else (dtype,))
        )
    bandwidth = {
        size: round(layers * size / 1e6 / _best_ms(addition(size // 12, layers), runtime, threads, seconds), 2)
        for size, layers in WORKING_SETS.items()
    }
    return Peaks(runtime, threads, round(rates["int8"], 1), round(rates["float32"], 1), bandwidth)


def roofline_share(ops: list[Op], peaks: Peaks, infer_ms: float) -> float:
    """Least possible time over measured time, 0..1 and a little more where the peak was measured too low."""
    return round(sum(peaks.least_ms(op) for op in ops) / infer_ms, 4)


def profile(model: bytes, runtime: str, threads: int, peaks: Peaks, seconds: float = 0.02) -> list[dict[str, Any]]:
    """Each operator alone, as a model of its own: its best time, its share of the possible.

    What running alone hides: fusion with neighbours and warm caches; what it adds: the call, some microseconds each.
    """
    rows = []
    for op, alone in zip(count_tflite(model), single_op_models(model), strict=True):
        spent_ms = _best_ms(alone, runtime, threads, seconds)
        rows.append(
            {
                "index": op.index,
                "op": op.kind,
                "shape": list(op.shape),
                "dtype": op.dtype,
                "macs": op.macs,
                "bytes": op.bytes,
                "alone_ms": round(spent_ms, 5),
                "roofline_share": round(peaks.least_ms(op) / spent_ms, 4),
            }
        )
    return rows


def _best_ms(model: bytes, runtime: str, threads: int, seconds: float) -> float:
    """Fastest of the runs that fit into the time, five at least: a peak is what can be reached."""
    invoke = (_ready_onnx if runtime == "onnxruntime" else _ready_tflite)(model, runtime, threads)
    best, runs, end = np.inf, 0, time.perf_counter() + seconds
    while runs < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        invoke()
        best, runs = min(best, time.perf_counter() - start), runs + 1
    return 1000 * float(best)


def _ready_tflite(model: bytes, runtime: str, threads: int) -> Callable[[], Any]:
    interpreter, _ = open_interpreter(model, "a measuring model", runtime, threads)
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], _values(detail["shape"], detail["dtype"]))
    return interpreter.invoke


def _ready_onnx(model: bytes, runtime: str, threads: int) -> Callable[[], Any]:
    session, _ = open_onnx(model, "a measuring model", threads)
    taken = session.get_inputs()
    feeds = {one.name: _values(one.shape, TYPES[one.type]) for one in taken}
    return lambda: session.run(None, feeds)


def _values(shape: Sequence[int], dtype: Any) -> Any:
    """Not zeros: untouched memory would be read from one page."""
    return np.random.default_rng(0).integers(1, 9, shape).astype(dtype)
