"""Measures a device's peaks through the runtime, and a model's share of them.

An operator takes at least the time of its multiply-accumulates at the matrix peak, and at least the time of its bytes
at the memory bandwidth (the roofline of Williams et al., 2009). Bandwidth is measured in and out of the caches, because
the tensors of a small network stay in them.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from facetoon.benchmarks.roofline.matrix_models import addition_model, product_model
from facetoon.benchmarks.roofline.onnx_matrix_models import addition_onnx, product_onnx
from facetoon.benchmarks.roofline.operator_counts import Op
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.onnx_session import open_onnx
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES

TYPES = {"tensor(float)": np.float32, "tensor(int8)": np.int8, "tensor(uint8)": np.uint8}
PRODUCT_SIDES = (256, 512)
WORKING_SETS = {196_608: 16, 3_145_728: 4, 50_331_648: 1}
"""Bytes of an addition's three tensors, and the additions in a run, enough to make the call's own cost small."""


@dataclass(frozen=True)
class Peaks:
    """The peaks of a runtime on this device with a number of threads."""

    runtime: str
    threads: int
    int8_gmac_per_s: float
    float32_gmac_per_s: float
    bandwidth_gb_per_s: dict[int, float]
    """Bandwidth by size of the working set in bytes."""

    def least_ms(self, op: Op) -> float:
        """Return the least possible time of an operator in ms."""
        peak = self.int8_gmac_per_s if op.dtype == "int8" else self.float32_gmac_per_s
        return max(op.macs / peak, op.bytes / self.bandwidth_gb_per_s[self._set(op)]) / 1e6

    def raised_by(self, op: Op, best_ms: float) -> Peaks:
        """Return the peaks that an operator's own time proves: one that beats a measured peak raises it."""
        if self.least_ms(op) <= best_ms:
            return self
        name, moved = f"{op.dtype}_gmac_per_s", op.bytes / best_ms / 1e6
        bandwidth = self.bandwidth_gb_per_s | {self._set(op): max(self.bandwidth_gb_per_s[self._set(op)], moved)}
        product_rate = max(getattr(self, name), op.macs / best_ms / 1e6)
        return dataclasses.replace(self, bandwidth_gb_per_s=bandwidth, **{name: product_rate})

    def _set(self, op: Op) -> int:
        """The working set that an operator's bytes fit."""
        sets = sorted(self.bandwidth_gb_per_s)
        return next((size for size in sets if op.bytes <= size), sets[-1])


def measure_peaks(runtime: str, threads: int, seconds: float = 0.15) -> Peaks:
    """Measure the better rate of two product sizes, and a bandwidth for each working set, `seconds` for each trial."""
    is_onnx = _is_onnx(runtime)
    product, addition = (product_onnx, addition_onnx) if is_onnx else (product_model, addition_model)
    rates = {}
    for dtype in ("int8", "float32"):
        rates[dtype] = max(
            4 * side**3 / 1e6 / best_ms(product(rows, side), runtime, threads, seconds)
            for side in PRODUCT_SIDES
            # ONNX Runtime prefers uint8 rows on x86 with VNNI, and int8 ones on ARM.
            for rows in ((dtype, "uint8") if is_onnx and dtype == "int8" else (dtype,))
        )
    bandwidth = {
        size: round(layers * size / 1e6 / best_ms(addition(size // 12, layers), runtime, threads, seconds), 2)
        for size, layers in WORKING_SETS.items()
    }
    return Peaks(runtime, threads, round(rates["int8"], 1), round(rates["float32"], 1), bandwidth)


def roofline_share(ops: list[Op], peaks: Peaks, infer_ms: float) -> float:
    """Return the least possible time over the measured time. It exceeds 1 where a peak was measured too low."""
    return round(sum(peaks.least_ms(op) for op in ops) / infer_ms, 4)


def best_ms(model: bytes, runtime: str, threads: int, seconds: float) -> float:
    """Return the fastest run in ms, of at least five runs and `seconds` s, since a peak is the best possible time."""
    invoke = (_ready_onnx if _is_onnx(runtime) else _ready_tflite)(model, runtime, threads)
    best, runs, end = np.inf, 0, time.perf_counter() + seconds
    while runs < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        invoke()
        best, runs = min(best, time.perf_counter() - start), runs + 1
    return 1000 * float(best)


def _is_onnx(runtime: str) -> bool:
    return RUNTIMES[runtime].suffix == ".onnx"


def _ready_tflite(model: bytes, runtime: str, threads: int) -> Callable[[], Any]:
    interpreter, _ = open_interpreter(model, "a measuring model", runtime, threads)
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], _values(detail["shape"], detail["dtype"]))
    return interpreter.invoke


def _ready_onnx(model: bytes, runtime: str, threads: int) -> Callable[[], Any]:
    session, _ = open_onnx(model, "a measuring model", threads)
    feeds = {tensor.name: _values(tensor.shape, TYPES[tensor.type]) for tensor in session.get_inputs()}
    return lambda: session.run(None, feeds)


def _values(shape: Sequence[int], dtype: Any) -> Any:
    """Return integers from 1 to 8. Zeros would be read from one shared page of memory."""
    return np.random.default_rng(0).integers(1, 9, shape).astype(dtype)
