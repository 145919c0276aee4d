"""The recording of the page's Record button: one file from each start to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sinks.guarded import GuardedSink
from facetoon.edge_runtime.sinks.sink import FileSink


class SwitchedRecording:
    """A sink that records while it is switched on. The album names the file, so no request can choose it."""

    def __init__(self, new_path: Callable[[], Path], open_file: Callable[[Path], FileSink]) -> None:
        """`new_path` names the next file, and `open_file` makes the sink for it."""
        self._new_path, self._open_file = new_path, open_file
        self._lock = threading.Lock()  # a request switches, the encoder thread writes
        self._file: GuardedSink | None = None
        self.written: list[str] = []
        """See GuardedSink; of all files that are finished."""

    @property
    def on(self) -> bool:
        """Whether frames are being recorded, or would be if the disk took them."""
        return self._file is not None

    def switch(self, on: bool) -> None:
        """Begin a file, or finish the current file. Does nothing without a change.

        Raises InputError when no file can be begun.
        """
        with self._lock:
            if on and self._file is None:
                path = self._new_path()
                # The end of the name opens the recording for everyone, so neither log nor page may hold it.
                self._file = GuardedSink(f"the recording of {path.name[:15]}", lambda: self._open_file(path))
            elif not on and self._file is not None:
                file, self._file = self._file, None
                file.close()
                self.written += file.written

    def write(self, frame: Image, time_s: float) -> None:
        """Append a frame if switched on. A full disk stops the recording, but not the live picture."""
        with self._lock:
            if self._file is not None:
                self._file.write(frame, time_s)

    def close(self) -> None:
        """Finish the file; idempotent."""
        self.switch(False)

    def state(self) -> list[dict[str, Any]]:
        """Return the state of the file, see GuardedSink.state; none while it is off."""
        file = self._file
        return [file.state()] if file else []
