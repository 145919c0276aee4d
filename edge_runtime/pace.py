"""Keeps `--target-fps` when the device throttles: a model that is fast enough at start may be slow an hour later."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.live import LiveLoop

WINDOW_S = 5.0
WINDOWS = 3  # slow ones in a row, a quarter of a minute; a browser that starts on the device slows it for less
LONGEST_INTERVAL = 60  # frames between two searches for further faces

log = logging.getLogger(__name__)


class Pace:
    """Changes to the next smaller model, then to rarer searches for further faces, when frames take too long.

    It never steps up again: a throttled device cools under less work, so it would step to and fro.
    """

    def __init__(
        self,
        loop: LiveLoop,
        finder: FaceFinder,
        target_hz: float,
        sizes_px: Mapping[str, int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sizes_px` is the input side of every loaded model, by name."""
        self._loop, self._finder, self._target_hz, self._sizes_px = loop, finder, target_hz, dict(sizes_px)
        self._clock = clock
        self._since_s = clock()
        self._frames, self._busy_s = loop.work
        self._slow = 0
        self._warned = False

    def tend(self) -> None:
        """Every WINDOW_S, measure the time that a frame takes; step down after WINDOWS slow windows."""
        now_s = self._clock()
        if now_s - self._since_s < WINDOW_S:
            return
        frames, busy_s = self._loop.work
        cost_s = (busy_s - self._busy_s) / max(frames - self._frames, 1)
        self._since_s, self._frames, self._busy_s = now_s, frames, busy_s
        self._slow = self._slow + 1 if cost_s > 1 / self._target_hz else 0
        if self._slow == WINDOWS:
            self._slow = 0
            self._step_down(cost_s)

    def _step_down(self, cost_s: float) -> None:
        reason = f"A frame takes {cost_s * 1000:.0f} ms, too long for {self._target_hz:g} a second"
        settings = self._loop.settings
        smaller = [name for name, size in self._sizes_px.items() if size < self._sizes_px[settings.model]]
        if smaller:
            model = max(smaller, key=self._sizes_px.__getitem__)
            self._loop.change({"model": model})
            log.warning("%s: changing to the model %s.", reason, model)
        elif settings.faces > 1 and self._finder.search_every < LONGEST_INTERVAL:
            self._finder.search_every = min(2 * self._finder.search_every, LONGEST_INTERVAL)
            log.warning("%s: looking for further faces every %d frames.", reason, self._finder.search_every)
        elif not self._warned:
            self._warned = True
            log.warning("%s, and there is no smaller model loaded.", reason)
