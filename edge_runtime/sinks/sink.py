"""The interface of every sink, the preview's sink, and a plain recording."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image


class Sink(Protocol):
    """Takes every frame from the encoder thread."""

    def write(self, frame: Image) -> None:
        """Take one finished BGR frame."""

    def close(self) -> None:
        """Finish the output; idempotent."""


@dataclass(frozen=True)
class Jpeg:
    """One encoded frame; numbers rise by one from 1."""

    number: int
    data: bytes


class PreviewSink:
    """Encodes each frame once for all viewers. A viewer takes the newest frame; a slow viewer misses some."""

    def __init__(self, quality: int = 85) -> None:
        self._quality = quality
        self._newest: Jpeg | None = None
        self._changed = threading.Condition()
        self.closed = False

    def write(self, frame: Image) -> None:
        """Encode, then wake every viewer."""
        data = pixels.encode_jpeg(frame, self._quality)
        with self._changed:
            self._newest = Jpeg(self._newest.number + 1 if self._newest else 1, data)
            self._changed.notify_all()

    def newest(self) -> Jpeg | None:
        """Return the newest frame; None before the first."""
        return self._newest

    def wait(self, after: int, timeout_s: float) -> Jpeg | None:
        """Wait for a frame with a number above `after`; None when none comes in time or the sink is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._is_newer(after), timeout_s)
            return self._newest if self._is_newer(after) and not self.closed else None

    def close(self) -> None:
        """End every viewer's stream."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _is_newer(self, after: int) -> bool:
        return self._newest is not None and self._newest.number > after


def check_path(path: Path) -> None:
    """Raise InputError unless `path` suits a recording: it ends in .mp4 and its folder exists."""
    if path.suffix.lower() != ".mp4":
        raise InputError(f"A recording is an .mp4 file, which {path} is not.")
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} for the recording does not exist.")


class RecordingSink:
    """An MP4 file (MPEG-4 part 2, which every OpenCV build can write). It plays only after `close`."""

    def __init__(self, path: Path, rate_hz: float) -> None:
        """Raises InputError when `path` does not suit. The first frame creates the file and sets its size."""
        check_path(path)
        self._path = path
        self._rate_hz = rate_hz
        self._writer: cv2.VideoWriter | None = None

    def write(self, frame: Image) -> None:
        """Append one frame. Raises InputError when the file cannot be opened for writing."""
        if self._writer is None:
            height, width = frame.shape[:2]
            self._writer = cv2.VideoWriter(
                str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), self._rate_hz, (width, height)
            )
            if not self._writer.isOpened():
                raise InputError(f"The recording {self._path} cannot be written.")
        self._writer.write(frame)

    def close(self) -> None:
        """Write the index that makes the file play."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None
