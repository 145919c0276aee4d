"""Counts the viewers of the stream, and admits a limited number."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator

MOST_VIEWERS = 16  # each takes the whole stream's bandwidth


class Viewers:
    """Admits a limited number of viewers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Condition()
        self.count = 0

    def admit(self, stream: AsyncGenerator[bytes]) -> WatchedStream | None:
        """Return the stream, counted until it is closed; None when there are too many viewers."""
        with self._lock:
            if self.count >= self._most:
                return None
            self.count += 1
        return WatchedStream(self, stream)

    def leave(self) -> None:
        """Count a stream's end."""
        with self._lock:
            self.count -= 1
            self._lock.notify_all()

    def drain(self, timeout_s: float) -> None:
        """Wait until every stream has ended, or the time is over."""
        with self._lock:
            self._lock.wait_for(lambda: self.count == 0, timeout_s)


class WatchedStream:
    """A counted stream. No generator, since the server must be able to close it before its start (HEAD)."""

    def __init__(self, viewers: Viewers, stream: AsyncGenerator[bytes]) -> None:
        self._viewers, self._stream = viewers, stream
        self._open = True

    def __aiter__(self) -> WatchedStream:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._stream)

    async def aclose(self) -> None:
        """End the stream, and count its end."""
        self.close()
        await self._stream.aclose()

    def __iter__(self) -> Iterator[bytes]:
        """Iterate as WSGI wants it, in a loop of its own, for servers that know no asynchronous answers."""
        with asyncio.Runner() as runner:
            while True:
                try:
                    yield runner.run(self.__anext__())
                except StopAsyncIteration:
                    return

    def close(self) -> None:
        """Count the stream's end; idempotent."""
        if self._open:
            self._open = False
            self._viewers.leave()
