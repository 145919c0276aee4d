"""Measures the time of each stage of the pipeline, as percentiles, and the rate of finished frames."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

STAGES = ("decode", "detect", "crop", "to_tensor", "infer", "to_image", "steady", "paste", "encode")
"""The stages in the order of the pipeline; every report uses these names."""


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds, over `count` samples."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @staticmethod
    def of(samples_ms: Iterable[float]) -> Percentiles:
        """Compute nearest-rank percentiles; NaN without samples."""
        ordered = sorted(samples_ms)
        ranks = [ordered[max(math.ceil(q * len(ordered)) - 1, 0)] if ordered else math.nan for q in (0.5, 0.95, 0.99)]
        return Percentiles(len(ordered), *ranks)


class StageTimer:
    """Collects stage times from several threads. It keeps only the newest samples, to bound its memory."""

    def __init__(self, keep: int = 4096) -> None:
        self._keep = keep
        self._samples: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block."""
        start = time.perf_counter()
        yield
        self.add(name, (time.perf_counter() - start) * 1000)

    def add(self, name: str, elapsed_ms: float) -> None:
        """Record one sample."""
        with self._lock:
            self._samples.setdefault(name, deque(maxlen=self._keep)).append(elapsed_ms)

    def percentiles(self) -> dict[str, Percentiles]:
        """Return percentiles by stage, in the order of STAGES; other names come last."""
        with self._lock:
            samples = {name: list(values) for name, values in self._samples.items()}
        order = [name for name in STAGES if name in samples] + [name for name in samples if name not in STAGES]
        return {name: Percentiles.of(samples[name]) for name in order}


class RateMeter:
    """Events per second over the last `window_s` seconds."""

    def __init__(self, window_s: float = 4.0) -> None:
        self._window_s = window_s
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Count an event now."""
        now = time.monotonic()
        with self._lock:
            self._times.append(now)
            self._drop_old(now)

    def rate(self) -> float:
        """Return events per second; 0 when the window holds fewer than two."""
        now = time.monotonic()
        with self._lock:
            self._drop_old(now)
            if len(self._times) < 2:
                return 0.0
            steady = (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-6)
            return min(steady, len(self._times) / (now - self._times[0]))  # the second falls when events stay away

    def _drop_old(self, now: float) -> None:
        while self._times and now - self._times[0] > self._window_s:
            self._times.popleft()
