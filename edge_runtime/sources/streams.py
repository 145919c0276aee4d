"""Network cameras: streams, and still pictures that are asked for again and again. Films at an address play once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import cv2

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sources.addresses import Address
from facetoon.edge_runtime.sources.containers import aspect_of, load_av, moving_picture, open_container, to_frame

TIMEOUT_S = 4.0  # to open and to read; then a dead network shows "no video"
STILLS_HZ = 5.0  # a camera draws a still picture anew for each request: more would only heat it
OPTIONS = {
    "rtsp_flags": "prefer_tcp",  # lost UDP packets leave grey blocks
    "fpsprobesize": "0",  # FFmpeg would otherwise wait for frames of a slow camera to guess its rate
    "analyzeduration": "2000000",
}
# Frames that came while FFmpeg looked at the stream would arrive all at once, as if they were new.
LIVE = {"fflags": "nobuffer"}


def open_stream(address: Address, live: bool = False) -> Any:
    """Open the container of an address, or return None when nobody answers. A `live` stream begins with what comes now.

    Raises InputError when the installed FFmpeg does not know the scheme, or PyAV is missing.
    """
    av = load_av()
    url, options = address.url, OPTIONS | LIVE if live else dict(OPTIONS)
    if address.scheme == "rtspt":  # other players' name for RTSP over TCP
        url, options = url.replace("rtspt", "rtsp", 1), {**options, "rtsp_transport": "tcp"}
    try:
        return open_container(url, options, TIMEOUT_S)
    except av.error.ProtocolNotFoundError:
        raise InputError(f"The FFmpeg of the installed PyAV cannot open {address.scheme}:// addresses.") from None
    except (OSError, ValueError, av.FFmpegError):
        return None


def kind_of(address: Address) -> str:
    """Ask an http address what it gives: "stream", "still", or "film", which has an end."""
    if address.scheme not in ("http", "https"):
        return "stream"
    container = open_stream(address)
    if container is None:
        return "stream"
    try:
        if container.format.name.endswith("_pipe") or container.format.name == "image2":
            return "still"
        return "film" if container.duration or container.size > 0 else "stream"
    finally:
        container.close()


class StreamCapture:
    """A stream through PyAV, with the methods of cameras.Capture."""

    def __init__(self, address: Address, live: bool = True) -> None:
        """Open it; `isOpened` says whether that worked. A still picture is not `live`."""
        self._container = open_stream(address, live)
        self._stream = self._container and moving_picture(self._container, live)
        self._frames = self._decode() if self._stream is not None else iter(())

    def isOpened(self) -> bool:
        """See cameras.Capture."""
        return self._stream is not None

    def read(self) -> tuple[bool, Any]:
        """See cameras.Capture."""
        frame = next(self._frames, None)
        return frame is not None, frame

    def get(self, key: int) -> float:
        """See cameras.Capture."""
        if self._stream is None:
            return 0.0
        values = {
            cv2.CAP_PROP_FPS: self._stream.average_rate,
            cv2.CAP_PROP_FRAME_WIDTH: self._stream.codec_context.width,
            cv2.CAP_PROP_FRAME_HEIGHT: self._stream.codec_context.height,
        }
        return float(values.get(key) or 0)

    def release(self) -> None:
        """See cameras.Capture."""
        if self._container is not None:
            self._container.close()
            self._container = self._stream = None

    def _decode(self) -> Iterator[Any]:
        """Yield frames until the stream ends or nothing comes for TIMEOUT_S; damaged packets are passed over."""
        av = load_av()
        try:
            for packet in self._container.demux(self._stream):
                try:
                    decoded = packet.decode()
                except av.InvalidDataError:
                    continue
                for frame in decoded:
                    yield to_frame(frame, aspect_of(self._stream))
        except (OSError, ValueError, av.FFmpegError):
            return


class StillCapture:
    """A still picture at an address, asked for up to STILLS_HZ times a second."""

    def __init__(self, address: Address, rate_hz: float) -> None:
        """Ask for the first picture; `isOpened` says whether it came."""
        self._address, self._interval_s = address, 1 / min(rate_hz, STILLS_HZ)
        self._next_s = time.monotonic()
        self._first: Any = None
        self._first = self.read()[1]
        self._opened = self._first is not None

    def isOpened(self) -> bool:
        """See cameras.Capture."""
        return self._opened

    def read(self) -> tuple[bool, Any]:
        """See cameras.Capture. Waits until the next picture is due."""
        if self._first is not None:
            frame, self._first = self._first, None
            return True, frame
        time.sleep(max(self._next_s - time.monotonic(), 0))
        self._next_s = time.monotonic() + self._interval_s
        capture = StreamCapture(self._address, live=False)
        try:
            return capture.read()
        finally:
            capture.release()

    def get(self, key: int) -> float:
        """See cameras.Capture."""
        if self._first is None:
            return 0.0
        height, width = self._first.shape[:2]
        values = {cv2.CAP_PROP_FPS: 1 / self._interval_s, cv2.CAP_PROP_FRAME_WIDTH: width}
        return float({**values, cv2.CAP_PROP_FRAME_HEIGHT: height}.get(key, 0))

    def release(self) -> None:
        """See cameras.Capture."""
