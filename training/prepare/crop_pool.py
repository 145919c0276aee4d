"""Crops many files on all cores, in order. Few are in flight at a time, so memory does not grow with their number."""

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
from facetoon.training.detectors.opening import open_detector
from facetoon.training.detectors.profiles import ProfileFinder
from facetoon.training.pictures.images import PictureFile
from facetoon.training.prepare.crops import Cropper, Record
from facetoon.training.recipes.parts import PrepareRecipe

AHEAD = 8  # files in flight for each process

Cropped = tuple[Record, list[bytes]]  # what became of a file, and the PNG bytes of its kept crops


@dataclass(frozen=True)
class CropSetup:
    """How both domains are cropped. It is small, so that each process can open its own detectors from it."""

    settings: PrepareRecipe
    detector: str = "device"
    detector_model: Path | None = None
    cartoon_detector: Path | None = None
    """A cascade (.xml) or YuNet (.onnx); None takes cartoons whole."""
    framed: bool = False
    """The pictures are crops already: score them as they are."""

    def open(self) -> dict[str, Cropper]:
        """A cropper for each domain, "A" photographs and "B" cartoons. Raises InputError for an unusable detector."""
        # OpenCV would write a line about each broken picture into the progress bar; the manifest names them.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        cartoons = None
        if self.cartoon_detector is not None:
            kind = "yunet" if self.cartoon_detector.suffix.lower() == ".onnx" else "cascade"
            cartoons = open_detector(kind, self.cartoon_detector)
        photos = open_detector(self.detector, self.detector_model)
        profiles = None if self.detector == "yunet" else ProfileFinder()
        return {
            "A": Cropper("A", self.settings, photos, self.framed, profiles),
            "B": Cropper("B", self.settings, cartoons, self.framed),
        }


def crop_all(todo: list[tuple[str, PictureFile]], setup: CropSetup, jobs: int) -> Iterator[Cropped]:
    """Crop each (domain, file), in order, in `jobs` processes; 1 stays in this process. Close it to stop early."""
    croppers = setup.open()  # an unusable detector ends here, before any process starts
    if jobs == 1 or len(todo) < 2 * jobs:
        yield from (croppers[domain].crop(file) for domain, file in todo)
        return
    context = multiprocessing.get_context("spawn")  # a forked OpenCV may wait for threads that the fork left behind
    pool = ProcessPoolExecutor(jobs, context, _start, (setup,))
    try:
        in_flight: deque[Future[Cropped]] = deque()
        for domain, file in todo:
            in_flight.append(pool.submit(_crop, domain, file))
            if len(in_flight) >= AHEAD * jobs:
                yield in_flight.popleft().result()
        while in_flight:
            yield in_flight.popleft().result()
    except BrokenProcessPool:
        raise InputError(
            "A process was ended from outside, perhaps because memory ran out; the same command with --jobs 1 goes on."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_croppers: dict[str, Cropper] = {}  # one set for each process


def _start(setup: CropSetup) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the run
    cv2.setNumThreads(1)  # the processes share the cores already
    _croppers.update(setup.open())


def _crop(domain: str, file: PictureFile) -> Cropped:
    return _croppers[domain].crop(file)
