"""The interface of every sink, and the preview's sink."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.pixels import Image


class Sink(Protocol):
    """Takes every frame from the encoder thread."""

    def write(self, frame: Image, time_s: float) -> None:
        """Take one finished BGR frame; `time_s` is its time in the source, see Source.time_s."""

    def close(self) -> None:
        """Finish the output; idempotent."""


class FileSink(Sink, Protocol):
    """A sink that writes files."""

    @property
    def written(self) -> str:
        """What was written and where, for people; empty when nothing was."""


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
        self._watchers: set[Callable[[], object]] = set()
        self.closed = False

    def write(self, frame: Image, time_s: float = 0.0) -> None:
        """Encode, then wake every viewer."""
        data = pixels.encode_jpeg(frame, self._quality)
        with self._changed:
            self._newest = Jpeg(self._newest.number + 1 if self._newest else 1, data)
            self._tell()

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
            self._tell()

    @contextmanager
    def watched(self, call: Callable[[], object]) -> Iterator[None]:
        """Call `call` at each frame and at the close, from the encoder's thread, while the block runs."""
        with self._changed:
            self._watchers.add(call)
        try:
            yield
        finally:
            with self._changed:
                self._watchers.discard(call)

    def _tell(self) -> None:
        self._changed.notify_all()
        for call in self._watchers:
            call()

    def _is_newer(self, after: int) -> bool:
        return self._newest is not None and self._newest.number > after
