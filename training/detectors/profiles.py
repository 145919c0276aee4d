"""Tells profiles from pictures without a face. The frontal cascade and the tracker find nothing in either.

OpenCV's profile cascade comes with the base install, like the frontal one. It knows only heads that look to the left
of the picture, so the mirror image is searched too.
"""

from __future__ import annotations

import cv2
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.faces.finder import SEARCH_PX, SEARCH_STEP, SMALLEST_BOX_PX
from facetoon.edge_runtime.pixels import Image


class ProfileFinder:
    """Looks for profiles in pictures without a frontal face; 60 to 80 ms a picture. Not thread-safe."""

    def __init__(self) -> None:
        folder = cv2.data.haarcascades  # type: ignore[attr-defined]  # missing in OpenCV's own stubs
        self._cascade = cv2.CascadeClassifier(f"{folder}haarcascade_profileface.xml")

    def hits(self, frame: Image) -> int:
        """Return the number of profile windows at the place of a BGR frame that has most of them; 0 without any."""
        grey, _ = pixels.to_grey(frame, SEARCH_PX)
        smallest = (SMALLEST_BOX_PX, SMALLEST_BOX_PX)
        most = 0
        for picture in (grey, np.ascontiguousarray(grey[:, ::-1])):
            _, counts = self._cascade.detectMultiScale2(picture, SEARCH_STEP, 1, minSize=smallest)
            most = max(most, *map(int, counts), 0)
        return most
