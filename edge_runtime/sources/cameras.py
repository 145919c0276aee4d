"""Live sources: USB, Pi and network cameras. A lost camera is opened again, for as long as it takes."""

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
from facetoon.edge_runtime.sources.sound import Sound

ADDRESSES = ("rtsp", "rtsps", "http", "https", "rtmp", "udp")
DEVICES = Path("/sys/class/video4linux")
TIMEOUT_MS = 4000  # to open and to read a network camera; then a dead network shows "no video"

log = logging.getLogger(__name__)


class Capture(Protocol):
    """The part of cv2.VideoCapture that live sources use."""

    def isOpened(self) -> bool:
        """False while there is no such camera."""

    def read(self) -> tuple[bool, Any]:
        """Return whether there is a frame, and the BGR frame, uint8 (height, width, 3)."""

    def get(self, key: int) -> float:
        """Return a cv2.CAP_PROP value; 0 where unknown."""

    def release(self) -> None:
        """Release the camera."""


class CameraSource:
    """A live source. While the camera is lost, it gives "no video" frames and tries again after ever longer waits."""

    live = True
    frames: int | None = None
    sound: Sound | None = None
    LONGEST_WAIT_S = 8.0

    def __init__(self, name: str, open_capture: Callable[[], Capture], request: str, rate_hz: float) -> None:
        """`request` describes the requested format, for the log. `rate_hz` applies if the camera states no rate.

        Raises InputError when the camera cannot be opened now.
        """
        self.name = name
        self._open = open_capture
        self._capture = open_capture()
        if not self._capture.isOpened():
            raise InputError(f"There is no {name} that can be opened.")
        self.rate_hz = self._stated(cv2.CAP_PROP_FPS) or rate_hz
        self._size_px = (int(self._stated(cv2.CAP_PROP_FRAME_WIDTH)), int(self._stated(cv2.CAP_PROP_FRAME_HEIGHT)))
        """Size of the last frame and of "no video" frames, since a recording takes only one size."""
        width, height = self._size_px
        self.details = f"{name}: asked for {request}; granted {width}x{height} {self._format()}at {self.rate_hz:g}/s"
        self.time_s = time.monotonic()
        self.losses = 0
        self._lost = False
        self._announced = False  # so that a camera that opens without frames is announced once
        self._wait_s = 0.5
        self._next_try_s = 0.0

    def read(self) -> Image | None:
        """Return a frame; while the camera is gone, a dark "no video" frame, ten times a second."""
        if self._lost and time.monotonic() >= self._next_try_s:
            self._reopen()
        if not self._lost:
            ok, frame = self._capture.read()
            self.time_s = time.monotonic()
            if ok:
                if self._announced:
                    log.info("Video from %s again, lost %d times so far.", self.name, self.losses)
                self._announced = False
                self._wait_s = 0.5
                self._size_px = (frame.shape[1], frame.shape[0])
                return frame
            self._lost = True
            self.losses += 1
            if not self._announced:
                log.warning("No video from %s; it will be opened again.", self.name)
            self._announced = True
            self._put_off()
        time.sleep(0.1)
        self.time_s = time.monotonic()
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
        """Set the time of the next try. The wait grows until a frame comes, since a camera may open without frames."""
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
    """Open the live source `text`, see `source.open_source`; None when `text` names no live source."""
    width, height = size_px
    request = f"{width}x{height} MJPG at {rate_hz}/s"
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
    return CameraSource(f"camera {text}", lambda: _open_device(device, size_px, rate_hz), request, rate_hz)


def device_called(name: str, devices: Path = DEVICES) -> str | None:
    """Return the path of the first V4L2 device whose driver's name contains `name`, in any case, or None.

    A USB camera has several nodes; the first has the pictures.
    """
    names = sorted(devices.glob("video*/name"), key=lambda path: int(path.parent.name[5:] or 0))
    fitting = (path for path in names if name.lower() in path.read_text("utf-8", "replace").lower())
    return next((f"/dev/{path.parent.name}" for path in fitting), None)


def _open_device(device: str, size_px: tuple[int, int], rate_hz: int) -> Capture:
    capture = cv2.VideoCapture(int(device) if device.isdecimal() else device)
    # USB 2 carries few raw YUYV frames of 640x480, so MJPG comes first. The size comes before the rate.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_px[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_px[1])
    capture.set(cv2.CAP_PROP_FPS, rate_hz)
    return capture


def _open_address(address: str) -> Capture:
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    return cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)


def _without_password(address: str) -> str:
    """Return the address for state, screen and log: without user, password and query, which may hold a token."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def no_video_frame(width_px: int, height_px: int, name: str) -> Image:
    """Draw a dark BGR frame that says "no video" and names the camera: uint8 (height_px, width_px, 3)."""
    frame = np.full((height_px, width_px, 3), 24, np.uint8)
    for row, (text, scale) in enumerate((("no video", 1.4), (name, 0.7))):
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
        place = ((width_px - width) // 2, height_px // 2 + 40 * row)
        cv2.putText(frame, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (200, 200, 200), 2, cv2.LINE_AA)
    return frame
