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

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image, Mask

NEWEST_AT_REST = 0.15
"""Share of the newest cartoon where nothing moves. It lowers the flicker of independent frames to about a tenth."""
STILL, MOVED = 5.0, 16.0
"""Changes of the smoothed photograph, in grey levels: below STILL nothing moved, above MOVED everything did.

Camera noise is well under 5 after smoothing; a blink is over 16.
"""
SEEN_PX = 128
"""Side of the photograph in which changes are looked for. A finer one shows more of the noise and takes longer."""


@dataclass
class _Memory:
    face: Face
    photograph: NDArray[np.float32]
    cartoon: NDArray[np.float32]
    """(n, n, 3), or (n, n, 4) with a matte."""


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

    def steady(
        self, face: Face, photograph: Image, cartoon: Image, matte: Mask | None = None
    ) -> tuple[Image, Mask | None]:
        """Return the cartoon to show for a face, and its matte if it has one.

        `photograph` is the face's crop and `cartoon` its newest cartoon, uint8 (n, n, 3), `matte` is (n, n).
        """
        size_px = cartoon.shape[0]
        seen_px = min(size_px, SEEN_PX)
        smooth = cv2.blur(pixels.resize(photograph, seen_px, seen_px), (5, 5)).astype(np.float32)
        channels = cartoon if matte is None else cv2.merge([*cv2.split(cartoon), matte])
        newest = channels.astype(np.float32)
        past = next((memory for memory in self._past if _same(memory.face, face)), None)
        if past is not None and past.cartoon.shape == newest.shape:
            share = _share(smooth, past.photograph)
            smooth = cv2.blendLinear(past.photograph, smooth, 1 - share, share)
            share = cv2.resize(share, (size_px, size_px))
            cv2.blendLinear(past.cartoon, newest, 1 - share, share, dst=newest)
        self._now.append(_Memory(face, smooth, newest))
        shown = cv2.convertScaleAbs(newest)
        return (
            (shown, None) if matte is None else (cv2.cvtColor(shown, cv2.COLOR_BGRA2BGR), cv2.extractChannel(shown, 3))
        )


def _share(now: NDArray[np.float32], before: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the newest cartoon's share, float32 (n, n), from two photographs, float32 (n, n, 3)."""
    blue, green, red = cv2.split(cv2.absdiff(now, before))
    moved = np.clip((cv2.max(cv2.max(blue, green), red) - STILL) / (MOVED - STILL), 0, 1)
    return cv2.blur(NEWEST_AT_REST + (1 - NEWEST_AT_REST) * moved, (5, 5))


def _same(a: Face, b: Face) -> bool:
    distance_px = math.hypot(a.centre_x_px - b.centre_x_px, a.centre_y_px - b.centre_y_px)
    return distance_px < 0.4 * min(a.height_px, b.height_px)
