"""Crops many files on all cores, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from facetoon.training.detectors.opening import open_detector
from facetoon.training.detectors.profiles import ProfileFinder
from facetoon.training.pictures.images import PictureFile
from facetoon.training.prepare.crops import Cropper, Record
from facetoon.training.recipes.parts import PrepareRecipe
from facetoon.training.work.ordered_pool import in_order

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
        photos = open_detector(self.detector, self.detector_model, self.settings.smallest_face_px or None)
        profiles = None if self.detector == "yunet" else ProfileFinder()
        return {
            "A": Cropper("A", self.settings, photos, self.framed, profiles),
            "B": Cropper("B", self.settings, cartoons, self.framed),
        }


def crop_all(todo: list[tuple[str, PictureFile]], setup: CropSetup, jobs: int) -> Iterator[Cropped]:
    """Yield the crops of each (domain, file), in order, from `jobs` processes, or from this process when `jobs` is 1.

    Close the iterator to stop early. Raises InputError when a detector is unusable or a process was killed.
    """
    return in_order(partial(_worker, setup), todo, jobs)


def _worker(setup: CropSetup) -> Callable[[tuple[str, PictureFile]], Cropped]:
    croppers = setup.open()
    return lambda work: croppers[work[0]].crop(work[1])
