"""Many files judged on all cores, in order, with a few in flight: memory does not grow with their number."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import cv2
from facetoon.edge_runtime.errors import InputError
from facetoon.training.detectors import open_detector
from facetoon.training.detectors.profiles import ProfileFinder
from facetoon.training.pictures.images import PictureFile
from facetoon.training.prepare.crops import Judge, Record
from facetoon.training.recipes.recipe import Prepare

AHEAD = 8  # files in flight for each process

Judged = tuple[Record, list[bytes]]


@dataclass(frozen=True)
class Panel:
    """How both domains are judged; small, so that each process opens its own detectors from it."""

    settings: Prepare
    detector: str = "device"
    detector_model: Path | None = None
    cartoon_detector: Path | None = None
    """A cascade (.xml) or YuNet (.onnx); None takes cartoons whole."""
    framed: bool = False
    """The pictures are crops already: judge them as they are."""

    def open(self) -> dict[str, Judge]:
        """A judge for each domain, "A" photographs and "B" cartoons; raises InputError for an unusable detector."""
        # Of broken pictures OpenCV writes lines into the progress bar; the manifest names them.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        cartoons = None
        if self.cartoon_detector is not None:
            kind = "yunet" if self.cartoon_detector.suffix.lower() == ".onnx" else "cascade"
            cartoons = open_detector(kind, self.cartoon_detector)
        photos = open_detector(self.detector, self.detector_model)
        profiles = None if self.detector == "yunet" else ProfileFinder()
        return {
            "A": Judge("A", self.settings, photos, self.framed, profiles),
            "B": Judge("B", self.settings, cartoons, self.framed),
        }


def judge_all(todo: list[tuple[str, PictureFile]], panel: Panel, jobs: int) -> Iterator[Judged]:
    """The judgement of each (domain, file), in order; `jobs` processes, or none for 1. Close it to stop early."""
    judges = panel.open()  # an unusable detector is told before any process starts
    if jobs == 1 or len(todo) < 2 * jobs:
        yield from (judges[domain].judge(file) for domain, file in todo)
        return
    context = multiprocessing.get_context("spawn")  # a forked OpenCV may wait for threads that are not there
    pool = ProcessPoolExecutor(jobs, context, _start, (panel,))
    try:
        flying: deque[Future[Judged]] = deque()
        for domain, file in todo:
            flying.append(pool.submit(_judge, domain, file))
            if len(flying) >= AHEAD * jobs:
                yield flying.popleft().result()
        while flying:
            yield flying.popleft().result()
    except BrokenProcessPool:
        raise InputError(
            "A process was ended from outside, perhaps because memory ran out; the same command with --jobs 1 goes on."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_judges: dict[str, Judge] = {}  # of this process


def _start(panel: Panel) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the run
    cv2.setNumThreads(1)  # the processes share the cores already
    _judges.update(panel.open())


def _judge(domain: str, file: PictureFile) -> Judged:
    return _judges[domain].judge(file)
