"""Further sinks: numbered pictures, a window, and a camera that other programs see."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.command_line import counted
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.whole_file import check_room, write_whole


class SequenceSink:
    """A folder of JPEG pictures, frame-000001.jpg and so on; each appears only when it is complete."""

    def __init__(self, folder: Path, quality: int = 95) -> None:
        """Make the folder. Raises InputError when it cannot be written, or holds frames: none is overwritten."""
        check_room(folder, "pictures")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"The folder {folder} for pictures cannot be made: {error.strerror}.") from None
        if next(folder.glob("frame-*.jpg"), None):
            raise InputError(f"The folder {folder} holds frames already; name another.")
        self._folder, self._quality = folder, quality
        self._number = 0

    def write(self, frame: Image, time_s: float = 0.0) -> None:
        """Write one picture. Raises OSError when that is impossible, also when the folder is gone."""
        if not self._folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, "the folder is gone")
        self._number += 1
        path = self._folder / f"frame-{self._number:06}.jpg"
        write_whole(path, pixels.encode_jpeg(frame, self._quality))

    @property
    def written(self) -> str:
        """See FileSink."""
        return f"{self._folder.absolute()} ({counted(self._number, 'picture')})" if self._number else ""

    def close(self) -> None:
        """Nothing to finish."""


class WindowSink:
    """A window on the device's own screen; q, Escape or closing it calls `on_quit`."""

    TITLE = "facetoon"

    def __init__(self, on_quit: Callable[[], None]) -> None:
        """Raises InputError when this OpenCV has no windows or there is no screen."""
        if "GUI: NONE" in " ".join(cv2.getBuildInformation().split()):
            raise InputError(
                "This OpenCV has no windows: pip uninstall opencv-python-headless, then pip install 'facetoon[gui]'."
            )
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise InputError("There is no screen for --window (neither DISPLAY nor WAYLAND_DISPLAY is set).")
        self._on_quit = on_quit
        self._open = False

    def write(self, frame: Image, time_s: float = 0.0) -> None:
        """Show one frame. The encoder thread makes the window too, since OpenCV needs one thread for both."""
        if not self._open:
            cv2.namedWindow(self.TITLE, cv2.WINDOW_NORMAL)
            cv2.resizeWindow(self.TITLE, frame.shape[1], frame.shape[0])
        elif cv2.getWindowProperty(self.TITLE, cv2.WND_PROP_VISIBLE) < 1:
            self._on_quit()
            return
        self._open = True
        cv2.imshow(self.TITLE, frame)
        if cv2.waitKey(1) & 0xFF in (ord("q"), 27):
            self._on_quit()

    def close(self) -> None:
        """Leave the window open until the process ends: only the thread that made it could close it."""


class VirtualCameraSink:
    """A V4L2 loopback device that video calls can choose, through pyvirtualcam."""

    def __init__(self, rate_hz: float, device: str | None = None) -> None:
        """Raises InputError when pyvirtualcam is missing. `write` raises it when there is no loopback device."""
        try:
            import pyvirtualcam
        except ImportError:
            raise InputError("A virtual camera needs pyvirtualcam: pip install 'facetoon[virtual-camera]'.") from None
        self._make, self._format = pyvirtualcam.Camera, pyvirtualcam.PixelFormat.BGR
        self._rate_hz, self._device = rate_hz, device
        self._camera: Any = None
        self._size_px = (0, 0)

    def write(self, frame: Image, time_s: float = 0.0) -> None:
        """Send one frame at once, fitted into the first frame's size."""
        if self._camera is None:
            self._size_px = width, height = frame.shape[1], frame.shape[0]
            options = {"fmt": self._format, "device": self._device}
            try:
                self._camera = self._make(width, height, self._rate_hz, **options)
            except RuntimeError as error:
                reason = str(error).strip().splitlines()[0].rstrip(".")
                raise InputError(
                    f"No virtual camera could be opened ({reason}); sudo modprobe v4l2loopback makes one."
                ) from None
        self._camera.send(frame if frame.shape[1::-1] == self._size_px else pixels.fit(frame, *self._size_px))

    def close(self) -> None:
        """Release the device; idempotent."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None
