"""The device's own face finder, taken at leisure: the cascade finds, the tracker looks twice, then from several sides.

On the device the filters average the looks of many frames. A photograph is one frame, so here the tracker looks at it
and at its mirror image from starts of different size, and the mean counts (test-time augmentation): on faces that its
training never saw, that mends 40 % of the crops that are off (benchmarks/faces.md), for 2 ms a face.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from facetoon.edge_runtime.faces.finder import BELIEVE, SEARCH_STEP, FaceFinder
from facetoon.edge_runtime.faces.tracker import FaceTracker
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image
from facetoon.training.detectors import Found, same_face
from facetoon.training.detectors.turn import TurnGauge

FINE_STEP = 1.05  # for pictures in which the device's own search finds nothing
STARTS = (0.85, 1.0, 1.15)  # heights from which the averaged looks start, as shares of the face's own


class DeviceDetector:
    """What `toon-live` finds faces with; nothing beyond the base install.

    The tracker's landmarks follow a face's place, size and roll, but its nose does not follow the turn of the head, so
    the turn has a measure of its own.
    """

    def __init__(self) -> None:
        self._finder = FaceFinder()
        self._tracker = FaceTracker()
        self._gauge = TurnGauge()

    def detect(self, frame: Image) -> list[Found]:
        """The faces in a BGR frame that the cascade finds and the tracker believes in, largest first."""
        found = self._believed(frame, SEARCH_STEP) or self._believed(frame, FINE_STEP)
        return sorted(found, key=lambda one: -one.face.height_px)

    def _believed(self, frame: Image, step: float) -> list[Found]:
        found: list[Found] = []
        for rough in self._finder.detect(frame, step):
            face, probability = self._seen(frame, rough)
            if probability >= BELIEVE and not any(same_face(face, other.face) for other in found):
                found.append(self._found(frame, self._mean(frame, face), probability))
        return found

    def look(self, frame: Image, near: Face) -> Found | None:
        """The face near a known place in a BGR frame, or None."""
        face, probability = self._seen(frame, near)
        return self._found(frame, face, probability) if probability >= BELIEVE else None

    def _seen(self, frame: Image, near: Face) -> tuple[Face, float]:
        """Two looks: the second crop is cut where the first saw the face, and level."""
        tracked = self._tracker.refine(frame, self._tracker.refine(frame, near).face)
        return tracked.face, tracked.probability

    def _found(self, frame: Image, face: Face, probability: float) -> Found:
        return Found(face, probability, self._gauge.measure(frame, face), None)

    def _mean(self, frame: Image, face: Face) -> Face:
        """The mean of several looks at a face that is nearly in place."""
        starts = [replace(face, height_px=face.height_px * share) for share in STARTS]
        looks = [self._tracker.refine(frame, start, mirrored).face for start in starts for mirrored in (False, True)]
        x, y, log_height = np.mean([(one.centre_x_px, one.centre_y_px, np.log(one.height_px)) for one in looks], 0)
        off_deg = [(one.roll_deg - face.roll_deg + 180) % 360 - 180 for one in looks]  # 179 and -179 are neighbours
        return Face(float(x), float(y), float(np.exp(log_height)), face.roll_deg + float(np.mean(off_deg)))
