"""Live sources: USB, Pi and network cameras. What is lost is opened again, for as long as it takes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import cv2
import numpy as np
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sources.picamera import PiCapture

ADDRESSES = ("rtsp", "rtsps", "http", "https", "rtmp", "udp")
DEVICES = Path("/sys/class/video4linux")
TIMEOUT_MS = 4000  # of an address, for opening and for each read: a dead network ends in "no video", not in silence

log = logging.getLogger(__name__)


class Capture(Protocol):
    """The part of cv2.VideoCapture that a live source needs."""

    def isOpened(self) -> bool:
        """False when there is no such camera now."""

    def read(self) -> tuple[bool, Any]:
        """Whether there is a frame, and the BGR frame."""

    def get(self, key: int) -> float:
        """A cv2.CAP_PROP value; 0 where unknown."""

    def release(self) -> None:
        """Let go of it."""


class CameraSource:
    """A live source. A lost one gives "no video" frames and is reopened, waiting longer after each failure."""

    live = True
    frames: int | None = None
    LONGEST_WAIT_S = 8.0

    def __init__(self, name: str, open_capture: Callable[[], Capture], asked: str, rate_hz: float) -> None:
        """`asked` is told beside what was granted; `rate_hz` is used where the camera states no rate.

        Raises InputError when it cannot be opened now.
        """
        self.name = name
        self._open = open_capture
        self._capture = open_capture()
        if not self._capture.isOpened():
            raise InputError(f"There is no {name} that can be opened.")
        self.rate_hz = self._stated(cv2.CAP_PROP_FPS) or rate_hz
        self._size_px = (int(self._stated(cv2.CAP_PROP_FRAME_WIDTH)), int(self._stated(cv2.CAP_PROP_FRAME_HEIGHT)))
        """Of the last frame: a recording takes no other size, so "no video" has it too."""
        width, height = self._size_px
        self.details = f"{name}: asked for {asked}; granted {width}x{height} {self._format()}at {self.rate_hz:g}/s"
        self.losses = 0
        self._lost = False
        self._told = False  # one that opens and gives nothing is not news each time
        self._wait_s = 0.5
        self._next_try_s = 0.0

    def read(self) -> Image | None:
        """A frame; while the camera is gone, a dark one that says so, ten times a second."""
        if self._lost and time.monotonic() >= self._next_try_s:
            self._reopen()
        if not self._lost:
            ok, frame = self._capture.read()
            if ok:
                if self._told:
                    log.info("Video from %s again, lost %d times so far.", self.name, self.losses)
                self._told = False
                self._wait_s = 0.5
                self._size_px = (frame.shape[1], frame.shape[0])
                return frame
            self._lost = True
            self.losses += 1
            if not self._told:
                log.warning("No video from %s; it will be opened again.", self.name)
            self._told = True
            self._put_off()
        time.sleep(0.1)
        return no_video_frame(*self._size_px, self.name)

    def close(self) -> None:
        """Release the device."""
        self._capture.release()

    def _reopen(self) -> None:
        self._capture.release()
        self._capture = self._open()
        self._lost = not self._capture.isOpened()
        if self._lost:
            self._put_off()

    def _put_off(self) -> None:
        """The wait grows until a frame has come: a camera that opens and gives nothing is no better than none."""
        self._next_try_s = time.monotonic() + self._wait_s
        self._wait_s = min(self._wait_s * 2, self.LONGEST_WAIT_S)

    def _stated(self, key: int) -> float:
        value = self._capture.get(key)
        return value if 0 < value < 1e5 else 0.0

    def _format(self) -> str:
        code = int(self._stated(cv2.CAP_PROP_FOURCC) or self._capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(8, "little")
        text = code[:4].decode("ascii", "replace").strip("\0 ")
        return f"{text} " if text.isalnum() else ""


def open_camera(text: str, size_px: tuple[int, int], rate_hz: int) -> CameraSource | None:
    """The live source that `text` names, or None when it names none; see sources.open_source."""
    width, height = size_px
    asked = f"{width}x{height} MJPG at {rate_hz}/s"
    if text == "picamera":
        return CameraSource(
            "Pi camera", lambda: PiCapture(size_px, rate_hz), f"{width}x{height} at {rate_hz}/s", rate_hz
        )
    address = urlsplit(text)
    if address.scheme in ADDRESSES and address.hostname:
        return CameraSource(_without_password(text), lambda: _open_address(text), "what it sends", rate_hz)
    device = text if text.isdecimal() or text.startswith("/dev/") else device_called(text)
    if device is None:
        return None
    return CameraSource(f"camera {text}", lambda: _open_device(device, size_px, rate_hz), asked, rate_hz)


def device_called(name: str, devices: Path = DEVICES) -> str | None:
    """The path of the first V4L2 device whose driver's name for it contains `name`, in any case; None for none.

    A USB camera has several nodes; the first is the one with pictures.
    """
    found = sorted(devices.glob("video*/name"), key=lambda path: int(path.parent.name[5:] or 0))
    fits = (path for path in found if name.lower() in path.read_text("utf-8", "replace").lower())
    return next((f"/dev/{path.parent.name}" for path in fits), None)


def _open_device(device: str, size_px: tuple[int, int], rate_hz: int) -> Capture:
    capture = cv2.VideoCapture(int(device) if device.isdecimal() else device)
    # Raw YUYV at 640x480 gets few frames through USB 2: ask for MJPG first, then for the size, then for the rate.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_px[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_px[1])
    capture.set(cv2.CAP_PROP_FPS, rate_hz)
    return capture


def _open_address(address: str) -> Capture:
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    return cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)


def _without_password(address: str) -> str:
    """For the state, the screen and the log: neither user, password, nor a query, which may carry a token."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def no_video_frame(width_px: int, height_px: int, name: str) -> Image:
    """A dark BGR frame that says "no video" and from where."""
    frame = np.full((height_px, width_px, 3), 24, np.uint8)
    for row, (text, scale) in enumerate((("no video", 1.4), (name, 0.7))):
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
        place = ((width_px - width) // 2, height_px // 2 + 40 * row)
        cv2.putText(frame, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (200, 200, 200), 2, cv2.LINE_AA)
    return frame
