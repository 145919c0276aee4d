"""Plays animated WebP files, which FFmpeg cannot decode."""

from __future__ import annotations

from pathlib import Path

import cv2

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import read_picture
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sources.sound import Sound

MOST_PIXELS = 64_000_000  # of all frames that are decoded at once
BATCH = 16  # frames that are decoded at once: OpenCV begins at the first frame each time
SHORTEST_MS, USUAL_MS = 10, 100  # browsers show frames of less than 10 ms for 100 ms


class AnimationSource:
    """An animated WebP, played once."""

    live = False
    unrelated = False
    losses = 0
    fault = ""
    sound: Sound | None = None

    def __init__(self, path: Path) -> None:
        """Raises InputError when the file cannot be read."""
        self.name, self._path = path.name, path
        width, height, _ = pixels.picture_size(read_picture(path)) or (0, 0, False)
        if width * height * BATCH > MOST_PIXELS:
            raise InputError(f"{path} is too large: an animation of {width}x{height} pixels.")
        self._animation = self._batch(0)
        if not self._animation:
            raise InputError(f"{path} is not a picture that can be read.")
        self.frames: int | None = None
        self.rate_hz = 1000 / self._animation[0][1]
        self.time_s, self._next_s = 0.0, 0.0
        self._number = 0

    def read(self) -> Image | None:
        """See Source."""
        if self._number and self._number % BATCH == 0:
            self._animation = self._batch(self._number)
        if self._number % BATCH >= len(self._animation):
            return None
        frame, duration_ms = self._animation[self._number % BATCH]
        self._number += 1
        self.time_s, self._next_s = self._next_s, self._next_s + duration_ms / 1000
        return frame

    def close(self) -> None:
        """Nothing to release."""

    def _batch(self, start: int) -> list[tuple[Image, int]]:
        """Decode frames from `start` on, each with its duration in ms."""
        try:
            ok, animation = cv2.imreadanimation(str(self._path), start, BATCH)
        except cv2.error:
            return []
        if not ok:
            return []
        frames = [pixels.on_white(frame) if frame.shape[2] == 4 else frame for frame in animation.frames]
        durations = [ms if ms > SHORTEST_MS else USUAL_MS for ms in animation.durations]
        return list(zip(frames, durations, strict=False))
