"""Measures which model and how many threads keep a frame rate on this device.

It measures whole frames of the packaged demo, with one face, since inference alone says little about a small device.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.pixels import encode_jpeg
from facetoon.edge_runtime.service.config_file import merged, read_config
from facetoon.edge_runtime.sessions.session import LIVE_MODELS, open_session
from facetoon.edge_runtime.sources.source import DemoSource
from facetoon.edge_runtime.timing import StageTimer
from facetoon.edge_runtime.whole_file import write_whole

HEADROOM = 0.8  # share of the time for a frame that may be used; the rest is for viewers, heat and the system
WARM_UP = 8  # frames
INTERVALS = (15, 30, 60)
"""Frames between two searches for further faces. The first interval that keeps the rate is chosen."""

NOTE = "# Measured by toon-live tune"
"""Begins the comment under the flags of a choice."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """A model with its flags, and its measured time."""

    model: Path
    threads: int
    search_every: int
    frame_ms: float
    """Mean over whole frames: finding, cartoonizing and encoding, one after the other."""

    def sentence(self) -> str:
        """Describe the choice in a sentence."""
        return f"{self.model.name} with {self.threads} threads takes {self.frame_ms:.1f} ms a frame."

    def flags(self) -> dict[str, Any]:
        """Return flags of toon-live, for a configuration."""
        return {"model": [str(self.model.resolve())], "threads": self.threads, "search-every": self.search_every}


Measure = Callable[[Path, int, int], float]
"""Takes model, threads and search interval; returns the mean milliseconds of a frame."""


def tuned(flags: argparse.Namespace) -> argparse.Namespace:
    """Return the flags with the model, threads and search interval that keep --target-fps; other models follow."""
    models = flags.model or list(LIVE_MODELS)
    choice = tune(models, flags.target_fps, flags.faces, flags.smallest_face)
    log.info(choice.sentence())
    chosen = {
        "model": [choice.model, *(path for path in models if path != choice.model)],
        "threads": choice.threads,
        "search_every": choice.search_every,
    }
    return argparse.Namespace(**(vars(flags) | chosen))


def tune(
    models: Sequence[Path],
    target_fps: float,
    faces: int = 1,
    smallest_face_px: float | None = None,
    measure: Measure | None = None,
) -> Choice:
    """Choose the largest of `models` (by input side) that keeps `target_fps` with headroom, with the fewest threads.

    More threads would only heat the device. Raises InputError with the best rate when no model is fast enough.
    """
    measure = measure or (lambda model, threads, interval: frame_ms(model, threads, interval, faces, smallest_face_px))
    limit_ms = HEADROOM * 1000 / target_fps
    fastest: Choice | None = None
    for choice in _measured(models, measure, faces):
        if choice.frame_ms <= limit_ms:
            return choice
        if fastest is None or choice.frame_ms < fastest.frame_ms:
            fastest = choice
    if fastest is None:
        raise InputError("There is no model to tune.")
    raise InputError(
        f"No model here keeps {target_fps:g} frames/s: {fastest.model.name} came nearest, "
        f"{HEADROOM * 1000 / fastest.frame_ms:.0f} with headroom."
    )


def _measured(models: Sequence[Path], measure: Measure, faces: int) -> Iterator[Choice]:
    """Measure from the largest model to the smallest, and from one thread to all cores."""
    by_size = sorted(models, key=lambda path: -open_session(path).size_px)
    # While one face is followed, a search looks for larger faces alone: its interval makes no difference to the time.
    intervals = INTERVALS if faces > 1 else INTERVALS[:1]
    for model in by_size:
        for threads in [n for n in (1, 2, 4) if n <= (os.cpu_count() or 1)]:
            for interval in intervals:
                yield Choice(model, threads, interval, measure(model, threads, interval))


def frame_ms(
    model: Path, threads: int, search_every: int, faces: int = 1, smallest_face_px: float | None = None
) -> float:
    """Measure the mean milliseconds to find, cartoonize and encode a 640x480 frame of the demo.

    The mean over one interval counts its search, as the median would not.
    """
    finder = FaceFinder(faces, search_every=search_every, smallest_face_px=smallest_face_px)
    cartoonizer = Cartoonizer(open_session(model, threads=threads), finder, StageTimer())
    source, times_ms = DemoSource(), []
    for _ in range(WARM_UP + max(INTERVALS)):
        frame = source.read()
        start_s = time.perf_counter()
        encode_jpeg(cartoonizer.process(frame))
        times_ms.append((time.perf_counter() - start_s) * 1000)
    return statistics.fmean(times_ms[WARM_UP:])


def write(choice: Choice, path: Path, target_fps: float) -> None:
    """Write the choice into a configuration, whose other lines stay. Raises InputError when that is impossible."""
    text = read_config(path) if path.exists() else ""
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith(NOTE)]
    note = f"{NOTE}: {choice.frame_ms:.1f} ms a frame, for {target_fps:g} frames/s.\n"
    text = merged("".join(lines), choice.flags(), str(path))
    try:
        write_whole(path, text + note)
    except OSError as error:
        raise InputError(f"The choice cannot be written to {path}: {error.strerror}.") from None
