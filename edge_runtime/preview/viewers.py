"""Counts the viewers of the stream, and admits no more than there are threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator


class Viewers:
    """Admits a limited number of viewers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Condition()
        self.count = 0

    def admit(self, stream: Iterator[bytes]) -> Iterator[bytes] | None:
        """Return the stream, counted until it is closed; None when there are too many viewers."""
        with self._lock:
            if self.count >= self._most:
                return None
            self.count += 1
        return _Watched(self, stream)

    def leave(self) -> None:
        """Count a stream's end."""
        with self._lock:
            self.count -= 1
            self._lock.notify_all()

    def drain(self, timeout_s: float) -> None:
        """Wait until every stream has ended, or the time is over."""
        with self._lock:
            self._lock.wait_for(lambda: self.count == 0, timeout_s)


class _Watched:
    """A counted stream. No generator, since the server must be able to close it before its start (HEAD)."""

    def __init__(self, viewers: Viewers, stream: Iterator[bytes]) -> None:
        self._viewers, self._stream = viewers, stream
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._stream)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._viewers.leave()
