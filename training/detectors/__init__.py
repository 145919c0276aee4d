"""Face detectors for data preparation: one interface, one file for each back-end.

`device` is what the camera uses (cascade and tracker, from the base install) and the default, so that training sees the
faces that the device will see, cut as the device cuts them. `yunet` and `cascade` take a file that the user names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image
from numpy.typing import NDArray

NAMES = ("device", "yunet", "cascade")


@dataclass(frozen=True)
class Found:
    """A face in a picture, in its pixels."""

    face: Face
    probability: float
    turn: float | None
    """How far the face looks to the side: the nose off the eyes' middle, in eye distances; None: not measured."""
    landmarks: NDArray[np.float32] | None
    """(5, 2) x, y: the person's right eye, left eye, nose tip, right and left corner of the mouth; None when the
    detector gives none."""


class Detector(Protocol):
    """Finds faces in one picture after another. Not thread-safe."""

    def detect(self, frame: Image) -> list[Found]:
        """The faces in a BGR frame, upright or tilted, largest first."""

    def look(self, frame: Image, near: Face) -> Found | None:
        """The face near a known place in a BGR frame, or None."""


def open_detector(name: str, model: Path | None = None) -> Detector:
    """The detector `name`, with the model file it needs; raises InputError where it cannot be had."""
    if name not in NAMES:
        raise InputError(f"There is no detector {name}; choose one of {', '.join(NAMES)}.")
    if name == "device":
        if model is not None:
            raise InputError("The device's detector takes no model file; add --detector yunet or leave the file out.")
        from facetoon.training.detectors.device_detector import DeviceDetector

        return DeviceDetector()
    if model is None:
        raise InputError(f"The detector {name} needs its file: --detector-model FILE.")
    if name == "yunet":
        from facetoon.training.detectors.yunet import YuNetDetector

        return YuNetDetector(model)
    from facetoon.training.detectors.cascade import CascadeDetector

    return CascadeDetector(model)


def same_face(a: Face, b: Face) -> bool:
    """Whether two finds are one face: their centres are nearer than half its height."""
    return _distance(a, b) < max(a.height_px, b.height_px) / 2


def nearest(found: list[Found], near: Face) -> Found | None:
    """Of several faces the one whose centre is nearest, if it is no further than the known face's half height."""
    best = min(found, key=lambda one: _distance(one.face, near), default=None)
    return best if best is not None and _distance(best.face, near) < near.height_px / 2 else None


def _distance(a: Face, b: Face) -> float:
    return math.hypot(a.centre_x_px - b.centre_x_px, a.centre_y_px - b.centre_y_px)
