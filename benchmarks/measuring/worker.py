"""One process for each variant, so that its load time, memory and crashes are its own. The parent says when to run.

While one worker measures, the others wait on their pipes: that is what makes interleaved rounds fair.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from facetoon.benchmarks.measuring.foreign_models import Foreign
from facetoon.benchmarks.measuring.variants import Variant
from facetoon.edge_runtime.errors import InputError

STAGES = ("to_tensor", "infer", "to_image")


class Worker:
    """The parent's side: a process that has opened one model in one way."""

    def __init__(self, path: Path, variant: Variant, foreign: Foreign) -> None:
        """Raises InputError when the model cannot run so, or its process dies, as by an illegal instruction."""
        self.path, self.variant = path, variant
        self._pipe, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "facetoon.benchmarks.measuring.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | {"OPENCV_LOG_LEVEL": "SILENT"},
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        try:
            self.opened: dict[str, Any] = self.ask("open", path, variant, foreign)
        except InputError:
            self.close()
            raise
        except RuntimeError as error:  # what a runtime says to a shape or type that its own file denies
            self.close()
            raise InputError(f"{path} does not run on {variant.label}: {str(error).splitlines()[0]}") from None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ask(self, what: str, *arguments: Any) -> Any:
        """Send a request and wait for its answer; InputError is raised here as it was there."""
        try:
            self._pipe.send((what, arguments))
            kind, answer = self._pipe.recv()
        except (EOFError, OSError):
            status = self._process.wait()
            raise InputError(
                f"{self.variant.label} died with status {status} while asked to {what} {self.path.name}."
            ) from None
        if kind == "refused":
            raise InputError(answer)
        if kind == "failed":
            raise RuntimeError(answer)
        return answer

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.wait()


class Bench:
    """The worker's side: answers one request after another."""

    def open(self, path: Path, variant: Variant, foreign: Foreign) -> dict[str, Any]:
        """Load and run once. numpy and OpenCV are imported already, the runtime is not."""
        import numpy as np
        from facetoon.benchmarks.measuring.variants import open_variant

        before_mb = memory_mb()[0]
        start = time.perf_counter()
        self.variant = variant
        self.session = session = open_variant(path, variant, foreign)
        load_ms = 1000 * (time.perf_counter() - start)
        # A picture with every grey level: int8 kernels do not care, float kernels meet no denormal numbers.
        side = session.size_px
        self.image = np.resize(np.arange(256, dtype=np.uint8), (side, side, 3))
        tensor = session.to_tensor(self.image)
        start = time.perf_counter()
        output = session.infer(tensor)
        first_ms = 1000 * (time.perf_counter() - start)
        session.to_image(output)  # refuses what is no picture
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
            "before_mb": before_mb,
        }

    def round(self, runs: int, seconds: float) -> dict[str, list[float]]:
        """Milliseconds of at least `runs` runs and `seconds` s, by stage."""
        return time_runs(self.session, self.image, runs, seconds)

    def bare(self, runs: int) -> float:
        """Milliseconds a run of the whole model without any instrument inside: what overhead is measured against."""
        session, image = self.session, self.image
        start = time.perf_counter_ns()
        for _ in range(runs):
            session.to_image(session.infer(session.to_tensor(image)))
        return (time.perf_counter_ns() - start) / runs / 1e6

    def instrumented(self, runs: int) -> float:
        """As `bare`, with the instruments."""
        start = time.perf_counter_ns()
        time_runs(self.session, self.image, runs, 0)
        return (time.perf_counter_ns() - start) / runs / 1e6

    def pipeline(self, video: Path | None, seconds: float) -> dict[str, Any]:
        """See pipeline.measure_pipeline."""
        from facetoon.benchmarks.measuring.pipeline import measure_pipeline

        # The face tracker is a .tflite file whatever the generator is.
        runtime = self.variant.runtime if self.variant.xnnpack is not None else "litert"
        return measure_pipeline(self.session, runtime, video, seconds)

    def memory(self) -> tuple[float, float]:
        """See memory_mb."""
        return memory_mb()


def time_runs(session: Any, image: Any, runs: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each run by stage. Four clock readings a run are all that is added to what is measured."""
    encode: list[float] = []
    infer: list[float] = []
    decode: list[float] = []
    clock = time.perf_counter_ns
    end_ns = clock() + round(seconds * 1e9)
    while len(infer) < runs or clock() < end_ns:
        start = clock()
        tensor = session.to_tensor(image)
        encoded = clock()
        output = session.infer(tensor)
        inferred = clock()
        session.to_image(output)
        done = clock()
        encode.append((encoded - start) / 1e6)
        infer.append((inferred - encoded) / 1e6)
        decode.append((done - inferred) / 1e6)
    return dict(zip(STAGES, (encode, infer, decode), strict=True))


def instrument_cost_ms(runs: int = 20000) -> float:
    """What the instruments add to one timed stage: the median they show around a call that does nothing."""

    class Nothing:
        def to_tensor(self, image: Any) -> Any:
            return image

        infer = to_image = to_tensor

    return sorted(time_runs(Nothing(), None, runs, 0)["infer"])[runs // 2]


def memory_mb() -> tuple[float, float]:
    """Resident memory now and at its peak, in MiB. Not ru_maxrss: a new process inherits its parent's peak there."""
    try:
        fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        now, peak = (int(fields[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
        return round(now, 1), round(peak, 1)
    except (OSError, KeyError):  # not Linux
        from facetoon.edge_runtime.summary import peak_memory_mb

        return peak_memory_mb(), peak_memory_mb()


def serve(pipe: Connection) -> None:
    """Answer until the parent hangs up."""
    import cv2  # noqa: F401  # before anything is timed

    bench = Bench()
    while True:
        try:
            what, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(("done", getattr(bench, what)(*arguments)))
        except InputError as error:
            pipe.send(("refused", str(error)))
        except Exception as error:
            pipe.send(("failed", f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
