"""The device's own face finder, taken at leisure: the cascade finds, the tracker looks twice.

The cascade sees frontal faces only, which keeps profiles out. It measures no turn: the tracker's landmarks follow a
face's place, size and roll, but their nose offset does not follow YuNet's (correlation 0.05 on 160 LFW photographs).
"""

from __future__ import annotations

from edge_runtime.faces import BELIEVE, FaceFinder
from edge_runtime.framing import Face
from edge_runtime.pixels import Image
from edge_runtime.tracker import FaceTracker
from training.detectors import Found, same_face


class DeviceDetector:
    """What `toon-live` finds faces with; nothing beyond the base install."""

    def __init__(self) -> None:
        self._finder = FaceFinder()
        self._tracker = FaceTracker()

    def detect(self, frame: Image) -> list[Found]:
        """The faces in a BGR frame that the cascade finds and the tracker believes in, largest first."""
        found: list[Found] = []
        for rough in self._finder.detect(frame):
            one = self.look(frame, rough)
            if one and not any(same_face(one.face, other.face) for other in found):
                found.append(one)
        return sorted(found, key=lambda one: -one.face.height_px)

    def look(self, frame: Image, near: Face) -> Found | None:
        """The face near a known place in a BGR frame, or None."""
        tracked = self._tracker.refine(frame, near)
        # The second crop is cut where the first look saw the face, and level.
        tracked = self._tracker.refine(frame, tracked.face)
        if tracked.probability < BELIEVE:
            return None
        return Found(tracked.face, tracked.probability, None, None)
