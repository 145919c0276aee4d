"""Measure a model file on this device: each stage of the live pipeline, and what has to be known beside the numbers."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import itertools
import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.device import DeviceRecord, read_device, read_temperature_c
from edge_runtime import pixels
from edge_runtime.cartoonizer import Cartoonizer
from edge_runtime.errors import InputError
from edge_runtime.faces import FaceFinder
from edge_runtime.pixels import Image
from edge_runtime.session import Session, open_session
from edge_runtime.sources import Source, open_source
from edge_runtime.summary import peak_memory_mb
from edge_runtime.timing import STAGES, Percentiles, StageTimer

SCHEMA = 1
WARM_UP_RUNS = 10
WARM_UP_SHARE = 0.2  # of the measuring time: a small model is through ten runs before a governor raises the clock
MOST_MISSES = 100  # frames in a row without a face, before the demo counts as broken
PIPELINE_STAGES = ("detect", "crop", "paste", "encode")
MODEL, FRAME = "model", "frame"
"""Two sums beside the names of edge_runtime.timing.STAGES: to_tensor + infer + to_image of one run, and one frame from
the source to its JPEG."""


@dataclass(frozen=True)
class ModelRecord:
    """Which model file was measured."""

    name: str
    recipe: str
    sha256: str
    """Of the model bytes, as in the file's spec."""
    size_px: int
    """Side of the square picture."""
    file_bytes: int


@dataclass(frozen=True)
class BenchResult:
    """One measurement with its circumstances; the JSON file is this, field by field."""

    when: str
    """UTC, ISO 8601."""
    device: DeviceRecord
    """Taken right after the last timed run, so its clock, governor and temperature are those of the measurement."""
    model: ModelRecord
    runtime: str
    """Name and version of the library."""
    threads: int
    warm_up_runs: int
    """Untimed runs of the model; the pipeline warms up on at least WARM_UP_RUNS frames of its own."""
    load_ms: float
    """Opening the session; in a fresh process this includes the import of the runtime."""
    first_inference_ms: float
    stages: dict[str, Percentiles]
    """to_tensor, infer, to_image and their sum "model": the session alone, on one crop of a photograph. Detect, crop,
    paste, encode and "frame": the whole pipeline over the demo film, one frame after another on one thread."""
    frames_per_s: float
    """Of that sequential pipeline, reading not counted; the live one encodes on a thread of its own."""
    temperature_before_c: float | None
    temperature_after_c: float | None
    peak_memory_mb: float
    """Largest resident memory of the whole process, in MiB."""
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Give the text of a result file, without a final newline."""
        return json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False)


def measure(path: Path, runtime: str, threads: int, runs: int, seconds: float) -> BenchResult:
    """Measure the model file for at least `runs` runs and `seconds` s, first alone, then in the pipeline.

    Raises InputError for a file or runtime that cannot be used, and for counts that measure nothing.
    """
    if threads < 1 or runs < 1 or not 0 <= seconds < math.inf:
        raise InputError(
            f"{threads} threads, {runs} runs and {seconds} seconds cannot be measured; use 1, 1, 0 or more."
        )
    temperature_before_c = read_temperature_c()
    start = time.perf_counter_ns()
    session = open_session(path, runtime, threads)
    load_ms = _since_ms(start)
    crop = demo_crop(session, FaceFinder(runtime=runtime))
    first_inference_ms = _first_inference_ms(session, crop)
    with _no_collector():
        warm_up_runs = len(measure_model(session, crop, WARM_UP_RUNS, seconds * WARM_UP_SHARE)[MODEL])
        samples = measure_model(session, crop, runs, seconds)
        samples |= measure_pipeline(session, FaceFinder(runtime=runtime), runs, seconds)
        device = read_device()
    return BenchResult(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        device=device,
        model=_model_record(session, path),
        runtime=session.runtime,
        threads=threads,
        warm_up_runs=warm_up_runs,
        load_ms=load_ms,
        first_inference_ms=first_inference_ms,
        stages=summarize(samples),
        frames_per_s=round(1000 * len(samples[FRAME]) / sum(samples[FRAME]), 2),
        temperature_before_c=temperature_before_c,
        temperature_after_c=device.temperature_c,
        peak_memory_mb=round(peak_memory_mb(), 1),
    )


def demo_crop(session: Session, finder: FaceFinder) -> Image:
    """Cut the face out of the demo film's first frame as the live pipeline cuts it: RGB (size_px, size_px, 3)."""
    frame = _next_frame(open_source("demo"))
    faces = finder.find(frame)
    if not faces:
        raise RuntimeError("the face finder sees no face in the demo's first frame")
    matrix = session.spec.framing.crop_matrix(faces[0], session.size_px)
    return pixels.swap_red_blue(pixels.warp(frame, matrix, session.size_px))


def measure_model(session: Session, image: Image, runs: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each run by stage, and of the run as a whole ("model"), on one RGB crop."""
    samples: dict[str, list[float]] = {name: [] for name in ("to_tensor", "infer", "to_image", MODEL)}
    clock = time.perf_counter_ns
    for _ in repetitions(runs, seconds):
        start = clock()
        tensor = session.to_tensor(image)
        encoded = clock()
        output = session.infer(tensor)
        inferred = clock()
        session.to_image(output)
        end = clock()
        for name, spent_ns in zip(
            samples, (encoded - start, inferred - encoded, end - inferred, end - start), strict=True
        ):
            samples[name].append(spent_ns / 1e6)
    return samples


def measure_pipeline(session: Session, finder: FaceFinder, runs: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of detect, crop, paste, encode and the whole "frame" over the demo film.

    Frames without a face skip most of the work, so they count as nothing.
    """
    with contextlib.closing(open_source("demo")) as source:
        warm_up, film = _Film(session, finder, source), _Film(session, finder, source)
        for _ in repetitions(WARM_UP_RUNS, seconds * WARM_UP_SHARE):
            warm_up.cartoonize_one()
        for _ in repetitions(runs, seconds):
            film.cartoonize_one()
    return film.samples


class _Film:
    """Cartoonizes a source frame by frame and keeps the times of the frames that showed a face."""

    def __init__(self, session: Session, finder: FaceFinder, source: Source) -> None:
        self._timer = _LastTimes()
        self._cartoonizer = Cartoonizer(session, finder, self._timer)
        self._source = source
        self.samples: dict[str, list[float]] = {name: [] for name in (*PIPELINE_STAGES, FRAME)}

    def cartoonize_one(self) -> None:
        """Go on until one frame with a face is done and timed."""
        for _ in range(MOST_MISSES):
            frame = _next_frame(self._source)
            start = time.perf_counter_ns()
            frame = self._cartoonizer.process(frame)
            with self._timer.stage("encode"):
                pixels.encode_jpeg(frame)
            self._timer.add(FRAME, _since_ms(start))
            if self._cartoonizer.faces:
                for name, values in self.samples.items():
                    values.append(self._timer.last_ms[name])
                return
        raise RuntimeError(f"{MOST_MISSES} frames of the demo in a row show no face")


class _LastTimes(StageTimer):
    """Keeps only the newest time of each stage, so that a frame's times can be taken or left together."""

    def __init__(self) -> None:
        super().__init__()
        self.last_ms: dict[str, float] = {}

    def add(self, name: str, elapsed_ms: float) -> None:
        """See StageTimer."""
        self.last_ms[name] = elapsed_ms


def summarize(samples: dict[str, list[float]]) -> dict[str, Percentiles]:
    """Percentiles by stage, in pipeline order, then the two sums; to the nanosecond, which is all the clock knows."""
    names = [name for name in (*STAGES, MODEL, FRAME) if name in samples]
    return {name: Percentiles.of(round(ms, 6) for ms in samples[name]) for name in names}


def repetitions(runs: int, seconds: float) -> Iterator[int]:
    """Count from 1 until `runs` runs are done and `seconds` s have passed, whichever comes later."""
    start = time.perf_counter_ns()
    for number in itertools.count(1):
        yield number
        if number >= runs and _since_ms(start) >= seconds * 1000:
            return


def check_destination(path: Path) -> None:
    """Raise InputError when `path` cannot be written: before measuring, not after."""
    if path.exists() and not path.is_file():  # replacing /dev/stdout or a folder would be worse than refusing
        raise InputError(f"The result cannot go to {path}: it is not an ordinary file (- is standard output).")
    partial = _partial(path)
    try:
        partial.touch()
        partial.unlink()
    except OSError as error:
        raise InputError(f"The result cannot be written to {path}: {error.strerror}.") from None


def write_result(path: Path, result: BenchResult) -> None:
    """Write the result as JSON, whole or not at all; raises InputError when the place cannot be written."""
    try:
        partial = _partial(path)
        partial.write_text(result.to_json() + "\n", encoding="utf-8")
        os.replace(partial, path.resolve())
    except OSError as error:
        raise InputError(f"The result cannot be written to {path}: {error.strerror}.") from None


def read_result(path: Path) -> BenchResult:
    """Load a result file; raises InputError when it is none, or of another schema."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.get("schema") != SCHEMA:
            raise InputError(f"{path} has result schema {values.get('schema')}; this facetoon reads schema {SCHEMA}.")
        values["device"] = DeviceRecord(**values["device"] | {"features": tuple(values["device"]["features"])})
        values["model"] = ModelRecord(**values["model"])
        values["stages"] = {name: Percentiles(**stage) for name, stage in values["stages"].items()}
        return BenchResult(**values)
    except OSError as error:
        raise InputError(f"The result {path} cannot be read: {error.strerror}.") from None
    except (TypeError, KeyError, AttributeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a result of toon-bench: {error}.") from None


def _partial(path: Path) -> Path:
    """Name the file beside the one that `path` means: a link, such as /dev/stdout, is followed and never replaced."""
    real = path.resolve()
    return real.with_name(real.name + ".partial")


def _model_record(session: Session, path: Path) -> ModelRecord:
    spec = session.spec
    return ModelRecord(spec.name, spec.recipe, spec.sha256, session.size_px, path.stat().st_size)


def _first_inference_ms(session: Session, image: Image) -> float:
    tensor = session.to_tensor(image)
    start = time.perf_counter_ns()
    session.infer(tensor)
    return _since_ms(start)


def _next_frame(source: Source) -> Image:
    frame = source.read()
    if frame is None:
        raise RuntimeError("the demo film ended, which it never should")
    return frame


def _since_ms(start_ns: int) -> float:
    return (time.perf_counter_ns() - start_ns) / 1e6


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """Keep Python's garbage collector out of the timed runs; whatever its state was is restored."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
