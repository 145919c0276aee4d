"""Notices hard cuts, after which a tracked face would stay where the last scene had one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.pixels import Image

THUMB_PX = 32
LEAST, TIMES = 16.0, 2.5
"""A cut changes the thumbnail by more than LEAST grey levels, and by TIMES as much as the frames before it changed.

Pairs of 100 different photographs differ by at least 34 levels. Frames of films of talking and turning heads differ by
at most 3.4 at 25 a second, and by 12 at 4 a second.
"""
MEMORY = 0.8  # share of the past in the running mean of changes


class CutDetector:
    """Compares each frame with the one before, as thumbnails. Not thread-safe."""

    def __init__(self) -> None:
        self._last: NDArray[np.int16] | None = None
        self._usual = 0.0

    def is_cut(self, frame: Image) -> bool:
        """Whether this BGR frame begins another scene than the frame before. The first frame does not."""
        thumb = pixels.resize(frame, THUMB_PX, THUMB_PX).astype(np.int16)
        last, self._last = self._last, thumb
        if last is None:
            return False
        change = float(np.abs(thumb - last).mean())
        cut = change > LEAST and change > TIMES * self._usual
        self._usual = 0.0 if cut else MEMORY * self._usual + (1 - MEMORY) * change
        return cut
