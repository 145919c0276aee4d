"""Reads the Pi camera with picamera2, a package of Debian and not of PyPI, which is imported only when needed."""

from __future__ import annotations

from typing import Any

import cv2

from facetoon.edge_runtime.errors import InputError


class PiCapture:
    """Picamera2 with the few methods of cv2.VideoCapture that CameraSource uses."""

    def __init__(self, size_px: tuple[int, int], rate_hz: int) -> None:
        """Raises InputError when picamera2 is not installed. When the camera does not start, `isOpened` is false."""
        try:
            from picamera2 import Picamera2
        except ImportError:
            raise InputError(
                "The Pi camera needs picamera2: sudo apt install python3-picamera2, in an environment made with "
                "python3 -m venv --system-site-packages."
            ) from None
        self._values = {cv2.CAP_PROP_FRAME_WIDTH: size_px[0], cv2.CAP_PROP_FRAME_HEIGHT: size_px[1]}
        self._camera: Any = None
        try:
            self._camera = Picamera2()
            # Its "RGB888" names the bytes from last to first; in memory they are OpenCV's BGR.
            configuration = self._camera.create_video_configuration(
                main={"format": "RGB888", "size": size_px}, controls={"FrameRate": rate_hz}, buffer_count=4
            )
            self._camera.configure(configuration)
            self._camera.start()
            width, height = self._camera.camera_configuration()["main"]["size"]
            self._values = {
                cv2.CAP_PROP_FRAME_WIDTH: width,
                cv2.CAP_PROP_FRAME_HEIGHT: height,
                cv2.CAP_PROP_FPS: rate_hz,
            }
        except (RuntimeError, IndexError):  # there is no camera, or another program uses it
            self.release()

    def isOpened(self) -> bool:
        """See cameras.Capture."""
        return self._camera is not None

    def read(self) -> tuple[bool, Any]:
        """See cameras.Capture."""
        try:
            return True, self._camera.capture_array("main")
        except (RuntimeError, TimeoutError):
            return False, None

    def get(self, key: int) -> float:
        """See cameras.Capture."""
        return float(self._values.get(key, 0))

    def release(self) -> None:
        """See cameras.Capture."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None
