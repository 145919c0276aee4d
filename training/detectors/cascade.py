"""Finds faces with any cascade that OpenCV reads, such as one for anime faces. It gives upright boxes, no landmarks."""

from __future__ import annotations

from pathlib import Path

import cv2

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.model_trial import try_detector
from facetoon.edge_runtime.whole_file import read_bounded
from facetoon.training.detectors.detector import Detection, nearest

MOST_BYTES = 50_000_000
SEARCH_PX = 640
SMALLEST = 0.06  # smallest face, as a share of the longest side


class CascadeDetector:
    """A cascade from the user's file. The height of its box counts as the face's."""

    def __init__(self, path: Path) -> None:
        """Raises InputError when the file is no cascade."""
        try_detector(read_bounded(path, MOST_BYTES, "The detector"), path, "cascade", cv2.__version__)
        self._cascade = cv2.CascadeClassifier(str(path))

    def detect(self, frame: Image) -> list[Detection]:
        """Return the faces in a BGR frame, largest first. A cascade gives no probability, so it is 1."""
        grey, scale = pixels.to_grey(frame, SEARCH_PX)
        least = max(int(max(grey.shape) * SMALLEST), 16)
        boxes = self._cascade.detectMultiScale(cv2.equalizeHist(grey), 1.1, 5, minSize=(least, least))
        faces = [
            Face((x + width / 2 - 0.5) / scale, (y + height / 2 - 0.5) / scale, height / scale)
            for x, y, width, height in boxes
        ]
        return [Detection(face, 1.0, None, None) for face in sorted(faces, key=lambda face: -face.height_px)]

    def look(self, frame: Image, near: Face) -> Detection | None:
        """Return the face near a known place in a BGR frame, or None."""
        return nearest(self.detect(frame), near)
