"""Plays the frames of a film at their own times."""

from __future__ import annotations

import math


class Playback:
    """Plays frames at their own times, from the first frame on."""

    LATEST_S = 0.5
    """Lateness that is caught up. Beyond it the rest plays later, so that its frames keep their distances."""

    def __init__(self) -> None:
        self._start_s = -math.inf

    def wait_s(self, time_s: float, now_s: float) -> float:
        """Return the seconds to wait before the frame of `time_s` is shown; 0 when it is late."""
        if now_s - (self._start_s + time_s) > self.LATEST_S:
            self._start_s = now_s - time_s
        return max(self._start_s + time_s - now_s, 0.0)
