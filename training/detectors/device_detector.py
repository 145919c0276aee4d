"""The device's own face finder with more time for each picture.

The cascade finds a face and the tracker refines it twice, as on the device. The device then averages over many frames.
A photograph is one frame, so here the tracker looks at it and at its mirror image from starts of different size, and
the mean counts (test-time augmentation). This costs 2 ms a face. On faces outside the tracker's training it corrects
40 % of the misplaced crops (benchmarks/faces.md).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from facetoon.edge_runtime.faces.finder import BELIEVE, FaceFinder
from facetoon.edge_runtime.faces.tracker import FaceTracker
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image
from facetoon.training.detectors.detector import Detection, same_face
from facetoon.training.detectors.turn import TurnGauge

FINE_STEP = 1.05  # for pictures in which the device's own search finds nothing
STARTS = (0.85, 1.0, 1.15)  # heights from which the averaged looks start, as shares of the face's own


class DeviceDetector:
    """Finds faces as `toon-live` does, with the base install alone.

    TurnGauge measures the turn: its limits are known, those of the tracker's landmarks are not yet.
    """

    def __init__(self, smallest_face_px: float | None = None) -> None:
        """`smallest_face_px`: see FaceFinder. With it one search takes the place of the quick and the fine one."""
        self._finder = FaceFinder(smallest_face_px=smallest_face_px)
        self._smallest_px = smallest_face_px
        self._tracker = FaceTracker()
        self._gauge = TurnGauge()

    def detect(self, frame: Image) -> list[Detection]:
        """Return the faces in a BGR frame that the cascade finds and the tracker confirms, largest first."""
        if self._smallest_px:
            detections = self._believed(frame, self._finder.detect(frame, smallest_face_px=self._smallest_px))
        else:
            detections = self._believed(frame, self._finder.detect(frame)) or self._believed(
                frame, self._finder.detect(frame, FINE_STEP)
            )
        return sorted(detections, key=lambda detection: -detection.face.height_px)

    def _believed(self, frame: Image, found: list[Face]) -> list[Detection]:
        detections: list[Detection] = []
        for rough in found:
            face, probability = self._refined(frame, rough)
            if probability >= BELIEVE and not any(same_face(face, other.face) for other in detections):
                detections.append(self._measured(frame, self._mean(frame, face), probability))
        return detections

    def look(self, frame: Image, near: Face) -> Detection | None:
        """Return the face near a known place in a BGR frame, or None."""
        face, probability = self._refined(frame, near)
        return self._measured(frame, face, probability) if probability >= BELIEVE else None

    def _refined(self, frame: Image, near: Face) -> tuple[Face, float]:
        """Refine a face twice. The second crop is cut level, at the place of the first look."""
        tracked = self._tracker.refine(frame, self._tracker.refine(frame, near).face)
        return tracked.face, tracked.probability

    def _measured(self, frame: Image, face: Face, probability: float) -> Detection:
        return Detection(face, probability, self._gauge.measure(frame, face), None)

    def _mean(self, frame: Image, face: Face) -> Face:
        """Return the mean of several looks at a face that is nearly in place."""
        starts = [replace(face, height_px=face.height_px * share) for share in STARTS]
        looks = [self._tracker.refine(frame, start, mirrored).face for start in starts for mirrored in (False, True)]
        x, y, log_height = np.mean([(one.centre_x_px, one.centre_y_px, np.log(one.height_px)) for one in looks], 0)
        off_deg = [(one.roll_deg - face.roll_deg + 180) % 360 - 180 for one in looks]  # 179 and -179 are neighbours
        return Face(float(x), float(y), float(np.exp(log_height)), face.roll_deg + float(np.mean(off_deg)))
