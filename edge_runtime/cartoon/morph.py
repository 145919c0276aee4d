"""Slow changes of style: a mix that walks from the one shown to the one asked for."""

from __future__ import annotations

from facetoon.edge_runtime import styles
from facetoon.edge_runtime.styles import Mix


class StyleMorph:
    """The mix to show now. Not thread-safe."""

    def __init__(self) -> None:
        self._start: Mix = {}
        self._end: Mix = {}
        self._shown: Mix = {}
        self._start_s = 0.0

    def at(self, now_s: float, target: Mix, morph_s: float) -> Mix:
        """The mix at `now_s` (any clock's seconds) on the way to `target`, which takes `morph_s` from its first call.

        A new target in mid-way starts from what is shown. The first target, or one for another model's styles, is shown
        at once.
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
        """Show the next target at once: the model changed, and the old mix means nothing to the new one."""
        self._start = self._end = self._shown = {}
