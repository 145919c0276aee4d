"""The process of a Worker: opens one variant of a model, and answers requests until the parent closes the pipe."""

from __future__ import annotations

import gc
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.benchmarks.measuring.stage_times import time_runs
from facetoon.benchmarks.opening.foreign_session import Foreign
from facetoon.benchmarks.opening.model_opening import open_variant
from facetoon.benchmarks.opening.variant import Variant
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.runtimes import runtime_beside


class Bench:
    """Answers the parent's requests, with one method for each."""

    def open(self, path: Path, variant: Variant, foreign: Foreign) -> dict[str, Any]:
        """Load the model and run it once. The load time includes the import of the runtime, but not of NumPy."""
        start = time.perf_counter()
        self.variant = variant
        self.session = session = open_variant(path, variant, foreign)
        load_ms = 1000 * (time.perf_counter() - start)
        # Every grey level occurs, so float kernels meet no denormal numbers. The time of int8 kernels is the same.
        side = session.size_px
        self.image = np.resize(np.arange(256, dtype=np.uint8), (side, side, 3))
        tensor = session.to_tensor(self.image)
        start = time.perf_counter()
        output = session.infer(tensor)
        first_ms = 1000 * (time.perf_counter() - start)
        session.to_image(output)  # refuses an output that is no picture
        gc.collect()
        gc.disable()
        return {
            "runtime": session.runtime,
            "load_ms": load_ms,
            "first_inference_ms": first_ms,
            "name": session.spec.name,
            "recipe": session.spec.recipe,
            "size_px": side,
            "value_range": tuple(session.spec.value_range),
        }

    def round(self, runs: int, seconds: float) -> dict[str, list[float]]:
        """Return the milliseconds of at least `runs` runs and `seconds` s, by stage."""
        return time_runs(self.session, self.image, runs, seconds)

    def bare(self, runs: int) -> float:
        """Measure the milliseconds of a run without instruments, the base of their overhead."""
        session, image = self.session, self.image
        start = time.perf_counter_ns()
        for _ in range(runs):
            session.to_image(session.infer(session.to_tensor(image)))
        return (time.perf_counter_ns() - start) / runs / 1e6

    def instrumented(self, runs: int) -> float:
        """Measure the milliseconds of a run with instruments."""
        start = time.perf_counter_ns()
        time_runs(self.session, self.image, runs, 0)
        return (time.perf_counter_ns() - start) / runs / 1e6

    def pipeline(self, video: Path | None, seconds: float) -> dict[str, Any]:
        """See pipeline.measure_pipeline."""
        # A late import: the result reports the worker's memory, which must not hold the pipeline's modules.
        from facetoon.benchmarks.measuring.pipeline import measure_pipeline

        return measure_pipeline(self.session, runtime_beside(self.variant.runtime).name, video, seconds)

    def memory(self) -> tuple[float, float]:
        """See memory_mb."""
        return memory_mb()


def memory_mb() -> tuple[float, float]:
    """Return resident memory and its peak in MiB. Not ru_maxrss: there a process inherits its parent's peak."""
    try:
        fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        now, peak = (int(fields[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
        return round(now, 1), round(peak, 1)
    except (OSError, KeyError):  # not Linux
        from facetoon.edge_runtime.service.summary import peak_memory_mb  # late for the same reason as the pipeline

        return peak_memory_mb(), peak_memory_mb()


def serve(pipe: Connection) -> None:
    """Answer requests until the parent closes the pipe."""
    bench = Bench()
    while True:
        try:
            request, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(("done", getattr(bench, request)(*arguments)))
        except InputError as error:
            pipe.send(("refused", str(error)))
        except Exception as error:
            pipe.send(("failed", f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
