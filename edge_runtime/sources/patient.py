"""Reads a camera whose driver may block for ever without an error."""

from __future__ import annotations

import queue
import threading
from typing import Any, Protocol


class Capture(Protocol):
    """The part of cv2.VideoCapture that live sources use."""

    def isOpened(self) -> bool:
        """False while there is no such camera."""

    def read(self) -> tuple[bool, Any]:
        """Return whether there is a frame, and the frame."""

    def get(self, key: int) -> float:
        """Return a cv2.CAP_PROP value; 0 where unknown."""

    def release(self) -> None:
        """Release the camera."""


class PatientReader:
    """Reads a capture in a thread of its own. A thread that blocks is left behind, and releases its capture late."""

    LONGEST_RELEASE_S = 0.5

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._orders: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        self._waiting = False
        self._thread = threading.Thread(target=self._serve, name="camera", daemon=True)
        self._thread.start()

    def read(self, timeout_s: float) -> tuple[bool, Any]:
        """Return the capture's next answer, see Capture.read. Raises TimeoutError when none comes in time."""
        if not self._waiting:
            self._orders.put(True)
        self._waiting = True
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError(f"no answer within {timeout_s:g} s") from None
        self._waiting = False
        return answer

    def release(self) -> None:
        """Release the capture, at the latest when it no longer blocks."""
        self._orders.put(False)
        self._thread.join(self.LONGEST_RELEASE_S)

    def _serve(self) -> None:
        while self._orders.get():
            self._answers.put(self._capture.read())
        self._capture.release()
