"""Keeps the cartoon of a still face still: small generators turn a camera's noise into flicker.

Each face's cartoon is averaged over time in its aligned crop, in which a moving head stands still. It is averaged only
where the photograph did not change, so that mouth and eyes move at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image

NEWEST_AT_REST = 0.15
"""Share of the newest cartoon where nothing moves. It lowers the flicker of independent frames to about a tenth."""
STILL, MOVED = 5.0, 16.0
"""Changes of the smoothed photograph, in grey levels: below STILL nothing moved, above MOVED everything did.

Camera noise is well under 5 after smoothing; a blink is over 16.
"""


@dataclass
class _Memory:
    face: Face
    photograph: NDArray[np.float32]
    cartoon: NDArray[np.float32]


class Steadier:
    """Averages each face's cartoon with its cartoons in earlier frames. Not thread-safe."""

    def __init__(self) -> None:
        self._past: list[_Memory] = []
        self._now: list[_Memory] = []

    def next_frame(self) -> None:
        """Begin a frame: the last frame's faces become the past, and older faces are forgotten."""
        self._past, self._now = self._now, []

    def forget(self) -> None:
        """Forget all faces, after a change of style."""
        self._past, self._now = [], []

    def steady(self, face: Face, photograph: Image, cartoon: Image) -> Image:
        """Return the cartoon to show for a face, from its crop and its newest cartoon, all uint8 (n, n, 3)."""
        smooth = cv2.blur(photograph, (5, 5)).astype(np.float32)
        newest = cartoon.astype(np.float32)
        past = next((memory for memory in self._past if _same(memory.face, face)), None)
        if past is not None and past.cartoon.shape == newest.shape:
            change = cv2.absdiff(smooth, past.photograph).max(axis=2)
            moved = np.clip((change - STILL) / (MOVED - STILL), 0, 1)
            share = cv2.blur(NEWEST_AT_REST + (1 - NEWEST_AT_REST) * moved, (5, 5))[:, :, np.newaxis]
            smooth = past.photograph + share * (smooth - past.photograph)
            newest = past.cartoon + share * (newest - past.cartoon)
        self._now.append(_Memory(face, smooth, newest))
        return np.rint(newest).astype(np.uint8)


def _same(a: Face, b: Face) -> bool:
    distance_px = math.hypot(a.centre_x_px - b.centre_x_px, a.centre_y_px - b.centre_y_px)
    return distance_px < 0.4 * min(a.height_px, b.height_px)
