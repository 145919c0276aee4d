"""Measures how long model files take here for a picture, to choose between them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.sessions.session import Session, open_session

ROUNDS = 20


def latencies_ms(files: Mapping[str, Path]) -> dict[str, float]:
    """Median milliseconds of the network alone on one thread, by name.

    The files take turns, so that other load of the machine meets all of them. toon-bench measures a device.
    """
    sessions = {name: open_session(path, threads=1) for name, path in files.items()}
    tensors = {name: session.to_tensor(_noise(session.size_px)) for name, session in sessions.items()}
    times_ms: dict[str, list[float]] = {name: [] for name in files}
    for number in range(ROUNDS + 1):
        for name, session in sessions.items():
            elapsed_ms = _timed_ms(session, tensors[name])
            if number:  # the first round warms up
                times_ms[name].append(elapsed_ms)
    return {name: statistics.median(values) for name, values in times_ms.items()}


def _noise(size_px: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (size_px, size_px, 3), np.uint8)


def _timed_ms(session: Session, tensor: Tensor) -> float:
    start_s = time.perf_counter()
    session.infer(tensor)
    return (time.perf_counter() - start_s) * 1000
