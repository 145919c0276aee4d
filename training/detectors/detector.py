"""The interface of data preparation's face detectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image


@dataclass(frozen=True)
class Detection:
    """A face in a picture, in its pixels."""

    face: Face
    probability: float
    turn: float | None
    """How far the face looks to the side: the nose's distance from the eyes' middle, in eye distances. None when the
    detector does not measure it."""
    landmarks: NDArray[np.float32] | None
    """float32 (5, 2), x and y in pixels: the person's right eye, left eye, nose tip, right and left mouth corner. None
    when the detector has no landmarks."""


class Detector(Protocol):
    """Finds faces in one picture after another. Not thread-safe."""

    def detect(self, frame: Image) -> list[Detection]:
        """Return the faces in a frame, uint8 (height, width, 3) BGR, upright or tilted, largest first."""

    def look(self, frame: Image, near: Face) -> Detection | None:
        """Return the face near a known place in a frame, uint8 (height, width, 3) BGR, or None."""


def same_face(a: Face, b: Face) -> bool:
    """Whether two boxes show one face: their centres lie nearer than half the larger height."""
    return _distance_px(a, b) < max(a.height_px, b.height_px) / 2


def nearest(detections: list[Detection], near: Face) -> Detection | None:
    """Return the detection nearest to a known face, or None when all centres are more than half its height away."""
    best = min(detections, key=lambda detection: _distance_px(detection.face, near), default=None)
    return best if best is not None and _distance_px(best.face, near) < near.height_px / 2 else None


def _distance_px(a: Face, b: Face) -> float:
    return math.hypot(a.centre_x_px - b.centre_x_px, a.centre_y_px - b.centre_y_px)
