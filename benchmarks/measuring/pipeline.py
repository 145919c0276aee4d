"""Measures the whole pipeline on a video: first stage after stage on one thread, then the live loop."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path
from typing import Any

from facetoon.benchmarks.results.intervals import Times
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.sessions.session import Session
from facetoon.edge_runtime.sinks.recording import Recording
from facetoon.edge_runtime.sinks.sink import PreviewSink
from facetoon.edge_runtime.sources.films import VideoSource
from facetoon.edge_runtime.sources.source import DemoSource
from facetoon.edge_runtime.timing import STAGES, StageTimer

DEMO_FRAMES = 90  # three seconds
FRAME = "frame"


def measure_pipeline(session: Session, runtime: str, video: Path | None, seconds: float) -> dict[str, Any]:
    """Measure the fields of result_schema.Pipeline, all but the variant.

    Without a video, the demo is first written to a video, so that decoding is measured too. Raises InputError for a
    video that cannot be read or never shows a face.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = video or _demo_video(Path(folder) / "demo.mp4")
        samples, frames = _in_turn(session, runtime, path, seconds)
        live = _live_frames_per_s(session, runtime, path)
    if not samples[FRAME]:
        raise InputError("No frame of the video shows a face, so there is no pipeline to time.")
    return {
        "source": "video" if video else "demo",
        "frames": frames,
        "faces_share": round(len(samples[FRAME]) / frames, 4),
        "stages": {name: Times.of([values]) for name, values in samples.items() if values},
        "live_frames_per_s": round(live, 2),
    }


def _demo_video(path: Path) -> Path:
    sink, source = Recording(path, DemoSource.rate_hz), DemoSource()
    with contextlib.closing(sink):
        for _ in range(DEMO_FRAMES):
            sink.write(source.read(), source.time_s)
    return path


def _in_turn(session: Session, runtime: str, path: Path, seconds: float) -> tuple[dict[str, list[float]], int]:
    """Play the video once, then until `seconds` are over; return ms by stage, and the frames after the warm-up."""
    timer = _LastTimes()
    samples: dict[str, list[float]] = {name: [] for name in (*STAGES, FRAME)}
    frames, end_s, is_first = -10, time.perf_counter() + seconds, True
    while is_first or time.perf_counter() < end_s:
        cartoonizer = Cartoonizer(session, FaceFinder(runtime=runtime), timer)
        with contextlib.closing(VideoSource(path)) as source:
            while is_first or time.perf_counter() < end_s:
                start = time.perf_counter()
                with timer.stage("decode"):
                    frame = source.read()
                if frame is None:
                    break
                frame = cartoonizer.process(frame)
                with timer.stage("encode"):
                    pixels.encode_jpeg(frame)
                timer.add(FRAME, 1000 * (time.perf_counter() - start))
                frames += 1
                if cartoonizer.faces and frames > 0:
                    for name, values in samples.items():
                        values.append(timer.last_ms[name])
        is_first = False
    return samples, max(frames, 1)


def _live_frames_per_s(session: Session, runtime: str, path: Path) -> float:
    timer = StageTimer()
    cartoonizer = Cartoonizer(session, FaceFinder(runtime=runtime), timer)
    loop = LiveLoop(VideoSource(path), cartoonizer, [PreviewSink()], timer, fast=True)
    start = time.perf_counter()
    loop.start()
    loop.join()
    return loop.frames_out / (time.perf_counter() - start)


class _LastTimes(StageTimer):
    """Keeps the newest time of each stage, so that a frame's times are used or dropped together."""

    def __init__(self) -> None:
        super().__init__()
        self.last_ms: dict[str, float] = {}

    def add(self, name: str, elapsed_ms: float) -> None:
        """See StageTimer."""
        self.last_ms[name] = elapsed_ms
