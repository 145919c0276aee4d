"""Times the operators of an .onnx model inside its own graph, by ONNX Runtime's profiler.

The runtime fuses operators before it runs them, and pads channels, so a row is what it ran and not what the file says.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from facetoon.benchmarks.roofline.device_peaks import Peaks
from facetoon.benchmarks.roofline.operator_counts import Op, onnx_macs
from facetoon.benchmarks.roofline.operator_profile import table_rows
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.onnx_session import DTYPES, FATAL_ONLY
from facetoon.edge_runtime.sessions.picture_shape import Sides, one_picture
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES

RUNS = 20
KERNEL = "_kernel_time"
BYTE_TYPES = {"int8", "uint8"}


def profile_nodes(
    model: bytes, sides_px: Sides | None, runtime: str, threads: int, peaks: Peaks
) -> list[dict[str, Any]]:
    """Return a row for each operator that ran, with the median of its time in ms, as profile_operators does."""
    kernels: dict[str, list[dict[str, Any]]] = {}
    for event in _events(model, sides_px, runtime, threads):
        if event.get("cat") == "Node" and event["name"].endswith(KERNEL):
            kernels.setdefault(event["args"]["node_index"], []).append(event)
    ops = [_op(index, events[-1]["args"]) for index, events in enumerate(kernels.values())]
    # In whole µs. The first run of each allocates its memory.
    times_ms = [max(median(event["dur"] for event in events[1:]), 1) / 1000 for events in kernels.values()]
    return table_rows(ops, list(times_ms), peaks)


def _events(model: bytes, sides_px: Sides | None, runtime: str, threads: int) -> list[dict[str, Any]]:
    library: Any = RUNTIMES[runtime].load()
    options = library.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, FATAL_ONLY
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = f"{folder}/profile"
        session = library.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        feeds = {}
        for argument in session.get_inputs():
            shape: Any = one_picture(argument.shape, sides_px)
            if None in shape:
                raise InputError("No operator table: the model has an input of open size beside the picture.")
            feeds[argument.name] = np.ones(shape, DTYPES[argument.type])
        for _ in range(RUNS):
            session.run(None, feeds)
        events: list[dict[str, Any]] = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    return events


def _op(index: int, facts: dict[str, Any]) -> Op:
    """An operator by the profiler's facts: shapes with their types, and bytes."""
    kind, typed = facts["op_name"], [*facts["input_type_shape"], *facts["output_type_shape"][:1]]
    shapes = [tuple(next(iter(each.values()))) for each in typed]
    dtype = "int8" if typed and BYTE_TYPES & set(typed[0]) else "float32"
    moved = sum(int(facts[name]) for name in ("activation_size", "parameter_size", "output_size"))
    return Op(index, kind, onnx_macs(kind, shapes), moved, dtype, shapes[-1] if shapes else ())
