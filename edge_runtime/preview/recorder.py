"""The recording of the page's Record button: one file from each start to its end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sinks.sink import Sink

log = logging.getLogger(__name__)


class SwitchedRecording:
    """A sink that records while it is switched on. The clock names the file, so no request can choose it."""

    def __init__(self, folder: Path, open_file: Callable[[Path], Sink]) -> None:
        """`open_file` makes the sink for one file. Raises InputError when the folder does not exist."""
        if not folder.is_dir():
            raise InputError(f"The folder {folder} for recordings does not exist.")
        self._folder, self._open_file = folder, open_file
        self._lock = threading.Lock()  # a request switches, the encoder thread writes
        self._file: Sink | None = None

    @property
    def on(self) -> bool:
        """Whether frames are being recorded."""
        return self._file is not None

    def switch(self, on: bool) -> None:
        """Begin a file, or finish the current file. Does nothing without a change."""
        with self._lock:
            if on and self._file is None:
                self._file = self._open_file(self._folder / f"{time.strftime('facetoon-%Y%m%d-%H%M%S')}.mp4")
            elif not on:
                self._finish()

    def write(self, frame: Image, time_s: float = 0.0) -> None:
        """Append a frame if switched on. A full disk ends the recording, but not the live picture."""
        with self._lock:
            if self._file is None:
                return
            try:
                self._file.write(frame, time_s)
            except (InputError, OSError) as error:
                log.warning("The recording ended early: %s", error)
                self._finish()

    def close(self) -> None:
        """Finish the file; idempotent."""
        self.switch(False)

    def _finish(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                log.warning("The recording could not be finished: %s", error)
