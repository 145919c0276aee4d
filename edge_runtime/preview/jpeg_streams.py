"""Streams of JPEGs: multipart, as browsers and cameras speak it, and bare, one after the other, for other programs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

from facetoon.edge_runtime.sinks.sink import Jpeg, PreviewSink

BOUNDARY = "facetoon-frame"
MULTIPART = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
BARE = "video/x-mjpeg"
# At most some 30 frames a second for each viewer. Without a limit, a file that is read at full speed is also sent at
# full speed: ten viewers then take a third of the loop's rate on two cores.
SHORTEST_INTERVAL_S = 0.03


async def multipart(preview: PreviewSink, ended: Callable[[], bool]) -> AsyncGenerator[bytes]:
    """Yield the newest JPEG again and again for one viewer, as parts of multipart/x-mixed-replace.

    Behind the last part stands why there are no more: "ended" for a film that is over, "stopped" otherwise. A page
    reads it; for all others it is the epilogue of RFC 2046, which is passed over.
    """
    async for jpeg in _newest(preview):
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg.data)}\r\n\r\n"
        yield head.encode() + jpeg.data + b"\r\n"
    yield f"--{BOUNDARY}--\r\n{'ended' if ended() else 'stopped'}\r\n".encode()


async def frames(preview: PreviewSink) -> AsyncGenerator[bytes]:
    """Yield JPEG after JPEG with nothing between them, as FFmpeg's demuxer mjpeg reads them."""
    async for jpeg in _newest(preview):
        yield jpeg.data


async def _newest(preview: PreviewSink) -> AsyncGenerator[Jpeg]:
    """Yield the newest JPEG again and again: a slow viewer gets fewer frames, never older ones."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    number = 0
    with preview.watched(lambda: loop.call_soon_threadsafe(changed.set)):
        while not preview.closed:
            changed.clear()
            jpeg = preview.newest()
            if jpeg is None or jpeg.number == number:
                # After a second without a new frame, the old one is sent again: only sending shows who has left.
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), 1.0)
                jpeg = preview.newest()
            if jpeg is not None and not preview.closed:
                number, sent_s = jpeg.number, time.monotonic()
                yield jpeg
                await asyncio.sleep(sent_s + SHORTEST_INTERVAL_S - time.monotonic())
