"""Notices a camera that hangs upside down or sideways."""

from __future__ import annotations

import logging

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.pixels import Image

PATIENCE_S = 10.0
"""Time without a face after which turned looks begin."""
BETWEEN_S = 1.0
"""Between two turned looks: each takes as long as a search for faces."""
QUARTERS = (2, 1, 3)
"""Upside down is the likeliest."""

log = logging.getLogger(__name__)


class TurnedLook:
    """Looks for faces in turned frames while upright frames show none, and says once which turn would find them.

    Not thread-safe.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self.hint = ""
        """A sentence while it applies: no face has been found since, and the turn is the same."""
        self._told = False
        self._since_s: float | None = None
        self._next_s = 0.0
        self._tries = 0
        self._orientation = (0, False)

    def look(self, frame: Image, settings: LiveSettings, has_faces: bool, time_s: float) -> None:
        """Take an upright BGR frame, in which the finder found faces or none, and its time in the source."""
        orientation = (settings.turn, settings.mirror)
        if has_faces or self._since_s is None or orientation != self._orientation or settings.mode == "frame":
            self.hint, self._orientation, self._tries = "", orientation, 0
            self._since_s, self._next_s = time_s, time_s + PATIENCE_S
        elif time_s >= self._next_s and not self._told:
            self._next_s = time_s + BETWEEN_S
            self._try(frame, settings)

    def _try(self, frame: Image, settings: LiveSettings) -> None:
        """Look once; a face must be seen in two looks with the same turn, since one may be a false alarm."""
        quarters = QUARTERS[self._tries // 2 % len(QUARTERS)]
        sees = self._finder.sees_face(pixels.turn(frame, quarters))
        if sees and self._tries % 2:
            # A mirrored frame shows a clockwise turn as an anticlockwise one.
            turn = (settings.turn + (-90 if settings.mirror else 90) * quarters) % 360
            self.hint = (
                f"No face was found for {PATIENCE_S:.0f} seconds, but a turned look finds one: "
                f"choose Turn {turn}° under More, or --turn {turn}."
            )
            self._told = True
            log.warning(self.hint)
        self._tries += 1 if sees else 2 - self._tries % 2
