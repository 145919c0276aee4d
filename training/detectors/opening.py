"""Opens a detector by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.training.detectors.cascade import CascadeDetector
from facetoon.training.detectors.detector import Detector
from facetoon.training.detectors.device_detector import DeviceDetector
from facetoon.training.detectors.yunet import YuNetDetector

FROM_FILE: dict[str, Callable[[Path], Detector]] = {"yunet": YuNetDetector, "cascade": CascadeDetector}


def open_detector(name: str, model: Path | None = None, smallest_face_px: float | None = None) -> Detector:
    """Open "device", or "yunet" or "cascade" with its model file. Raises InputError when that is not possible.

    `smallest_face_px` is the height from which the device's detector searches for faces, see FaceFinder.detect.
    """
    if name == "device":
        if model is not None:
            raise InputError("The device's detector takes no model file; add --detector yunet or leave the file out.")
        return DeviceDetector(smallest_face_px)
    if smallest_face_px:
        raise InputError(f"prepare.smallest_face_px is for the device's detector; leave it out with --detector {name}.")
    if name not in FROM_FILE:
        raise InputError(f"There is no detector {name}; choose one of device, {', '.join(FROM_FILE)}.")
    if model is None:
        raise InputError(f"The detector {name} needs its file: --detector-model FILE.")
    return FROM_FILE[name](model)
