"""A large body while it is being sent: the event loop puts chunks in, and the app's thread reads them."""

from __future__ import annotations

import asyncio
import io
from typing import Any


class SentBody(io.RawIOBase):
    """Holds one chunk. So the app may refuse a body unread, and no more of it is in memory than the app has read."""

    def __init__(self, first: bytes) -> None:
        """Begin with what has come already. Made in the loop."""
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue(1)
        self._rest = first
        self._is_dropped = False
        self.ended = asyncio.Event()
        """Set once the client has sent all, or has gone."""

    async def put(self, chunk: bytes) -> None:
        """Take a chunk; wait until the app has read the one before."""
        if not self._is_dropped:
            await self._chunks.put(chunk)

    def end(self) -> None:
        """Note that no more comes."""
        self.ended.set()
        self._ending = self._loop.create_task(self.put(b""))

    async def drop(self, timeout_s: float) -> None:
        """Pass over the rest, for so long: a client whose connection is closed while it sends would lose the answer."""
        self._is_dropped = True
        if not self._chunks.empty():
            self._chunks.get_nowait()
        try:
            await asyncio.wait_for(self.ended.wait(), timeout_s)
        except TimeoutError:
            return

    def readable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come, or wait for it; 0 at the end. Called in the app's thread."""
        if not self._rest:
            self._rest = asyncio.run_coroutine_threadsafe(self._chunks.get(), self._loop).result()
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
