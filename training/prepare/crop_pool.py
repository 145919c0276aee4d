"""Crops many files on all cores, in order. Only a few are in flight, so memory does not grow with their number."""

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

Cropped = tuple[Record, list[bytes]]  # the record of a file, and the PNG bytes of its kept crops


@dataclass(frozen=True)
class CropSetup:
    """Settings for cropping both domains. It is small, so each process can open its own detectors from it."""

    settings: PrepareRecipe
    detector: str = "device"
    detector_model: Path | None = None
    cartoon_detector: Path | None = None
    """A cascade (.xml) or YuNet (.onnx). With None, cartoons are taken whole."""
    framed: bool = False
    """Whether the pictures are crops already, which are only scored."""

    def open(self) -> dict[str, Cropper]:
        """Open a cropper for each domain, "A" photographs and "B" cartoons. Raises InputError for a bad detector."""
        # OpenCV would print a line for each broken picture across the progress bar. The manifest lists these pictures.
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
    """Yield the crops of each (domain, file), in order, from `jobs` processes, or from this process when `jobs` is 1.

    Close the iterator to stop early. Raises InputError when a detector is unusable or a process was killed.
    """
    croppers = setup.open()  # raises for an unusable detector before any process starts
    if jobs == 1 or len(todo) < 2 * jobs:
        yield from (croppers[domain].crop(file) for domain, file in todo)
        return
    context = multiprocessing.get_context("spawn")  # after a fork, OpenCV may wait for threads that were not copied
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
            "A process was killed, perhaps because memory ran out; repeat the command with --jobs 1 to continue."
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
