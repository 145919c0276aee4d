"""Live sources: USB and Pi cameras, and whatever is read like them. A lost camera is opened again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sources.patient import Capture, PatientReader
from facetoon.edge_runtime.sources.picamera import PiCapture
from facetoon.edge_runtime.sources.sound import Sound

DEVICES = Path("/sys/class/video4linux")
BLOCKED_S = 6.0  # a driver that gives nothing for so long; network cameras report a fault after 4 s themselves
SHORTEST_SIDE_PX, LONGEST_SIDE_PX = 16, 8192  # frames of other sizes are a fault of the driver

log = logging.getLogger(__name__)


class CameraSource:
    """A live source. While the camera is lost, it gives "no video" frames and tries again after ever longer waits."""

    live = True
    unrelated = False
    frames: int | None = None
    fault = ""
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
            self._capture.release()
            raise InputError(f"There is no {name} that can be opened.")
        self.rate_hz = self._stated(cv2.CAP_PROP_FPS) or rate_hz
        self._size_px = (int(self._stated(cv2.CAP_PROP_FRAME_WIDTH)), int(self._stated(cv2.CAP_PROP_FRAME_HEIGHT)))
        """Size of the last frame and of "no video" frames, since a recording takes only one size."""
        width, height = self._size_px
        rate = f"{self.rate_hz:g}/s by its own word"
        self.details = f"{name}: asked for {request}; granted {width}x{height} {self._format()}at {rate}"
        self._reader = PatientReader(self._capture)
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
            frame, fault = self._next_frame()
            self.time_s = time.monotonic()
            if frame is not None:
                return self._taken(frame)
            self._lost = True
            self.losses += 1
            if not self._announced:
                log.warning("No video from %s (%s); it will be opened again.", self.name, fault)
            self._announced = True
            self._put_off()
        time.sleep(0.1)
        self.time_s = time.monotonic()
        return no_video_frame(*self._shown_size(), self.name)

    def close(self) -> None:
        """Release the device."""
        self._reader.release()

    def _next_frame(self) -> tuple[Image | None, str]:
        """Return the camera's next frame as BGR, or None and why there is none."""
        try:
            ok, frame = self._reader.read(BLOCKED_S)
        except TimeoutError as error:
            return None, str(error)
        return _as_bgr(frame) if ok else (None, "it gives no frame")

    def _taken(self, frame: Image) -> Image:
        if self._announced:
            log.info("Video from %s again, lost %d times so far.", self.name, self.losses)
        size_px = (frame.shape[1], frame.shape[0])
        if size_px != self._size_px and all(self._size_px):
            log.info("%s gives frames of %dx%d now.", self.name, *size_px)
        self._announced, self._wait_s, self._size_px = False, 0.5, size_px
        return frame

    def _shown_size(self) -> tuple[int, int]:
        return (
            self._size_px if all(SHORTEST_SIDE_PX <= side <= LONGEST_SIDE_PX for side in self._size_px) else (640, 480)
        )

    def _reopen(self) -> None:
        self._reader.release()
        self._capture = self._open()
        self._reader = PatientReader(self._capture)
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
    """Open the local camera `text`, see `source.open_source`; None when `text` names none."""
    width, height = size_px
    request = f"{width}x{height} MJPG at {rate_hz}/s"
    if text == "picamera":
        return CameraSource(
            "Pi camera", lambda: PiCapture(size_px, rate_hz), f"{width}x{height} at {rate_hz}/s", rate_hz
        )
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


def _as_bgr(frame: Any) -> tuple[Image | None, str]:
    """Return a camera's frame as BGR uint8 (height, width, 3), or None and why it is none."""
    if not isinstance(frame, np.ndarray) or not frame.size:
        return None, "it gives empty frames"
    if frame.dtype != np.uint8 or frame.ndim not in (2, 3):
        return None, f"it gives frames of {frame.dtype} in {frame.ndim} dimensions"
    if not all(SHORTEST_SIDE_PX <= side <= LONGEST_SIDE_PX for side in frame.shape[:2]):
        return None, f"it gives frames of {frame.shape[1]}x{frame.shape[0]}"
    channels = 1 if frame.ndim == 2 else frame.shape[2]
    conversion = {1: cv2.COLOR_GRAY2BGR, 3: None, 4: cv2.COLOR_BGRA2BGR}.get(channels, -1)
    if conversion == -1:
        return None, f"it gives frames of {channels} channels"
    return (frame if conversion is None else cv2.cvtColor(frame, conversion)), ""


def no_video_frame(width_px: int, height_px: int, name: str) -> Image:
    """Draw a dark BGR frame that says "no video" and names the camera: uint8 (height_px, width_px, 3)."""
    frame = np.full((height_px, width_px, 3), 24, np.uint8)
    for row, (text, scale) in enumerate((("no video", 1.4), (name, 0.7))):
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
        place = ((width_px - width) // 2, height_px // 2 + 40 * row)
        cv2.putText(frame, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (200, 200, 200), 2, cv2.LINE_AA)
    return frame
