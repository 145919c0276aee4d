"""Changes style slowly, from the mix on screen to the chosen mix."""

from __future__ import annotations

from facetoon.edge_runtime import styles
from facetoon.edge_runtime.styles import Mix


class StyleMorph:
    """Computes the mix to show now. Not thread-safe."""

    def __init__(self) -> None:
        self._start: Mix = {}
        self._end: Mix = {}
        self._shown: Mix = {}
        self._start_s = 0.0

    def at(self, now_s: float, target: Mix, morph_s: float) -> Mix:
        """Return the mix at `now_s` (seconds of any clock). It reaches `target` `morph_s` after the first call for it.

        A new target meanwhile starts from the mix on screen. The very first target is shown at once.
        """
        if target != self._end:
            self._start, self._end, self._start_s = self._shown, target, now_s
        elapsed_s = now_s - self._start_s
        if not self._start or not self._end or elapsed_s >= morph_s:
            self._shown = self._end
        else:
            self._shown = styles.interpolate(self._start, self._end, elapsed_s / morph_s)
        return self._shown

    def forget(self) -> None:
        """Show the next target at once, since a new model has other styles."""
        self._start = self._end = self._shown = {}
