"""Keeps a failing output, such as a recording on a full disk, from ending the live picture."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sinks.sink import FileSink

RETRY_S = 15.0  # between two tries to begin again: a full disk may get room, a lost folder may come back

log = logging.getLogger(__name__)


class GuardedSink:
    """A sink that may fail. Then it is closed, the log says so, and from time to time it is opened again."""

    def __init__(
        self,
        name: str,
        open_sink: Callable[[], FileSink],
        on_failure: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`name` is for people, such as "the recording out.mp4". With `on_failure` it is called instead of a new try.

        Raises InputError when the sink cannot be opened now.
        """
        self.name = name
        self._open_sink, self._on_failure, self._clock = open_sink, on_failure, clock
        self._sink: FileSink | None = open_sink()
        self.written: list[str] = []
        """What was written and where, once it is closed; see FileSink."""
        self._fault, self._since_s, self._next_try_s = "", 0.0, 0.0
        self.lost = 0
        """Number of frames that were not written."""
        self._told = ""

    def write(self, frame: Image, time_s: float) -> None:
        """Write one frame, if the sink works or can be opened again."""
        try:
            if self._sink is None:
                if self._on_failure or self._clock() < self._next_try_s:
                    self.lost += 1
                    return
                self._sink = self._open_sink()
            self._sink.write(frame, time_s)
        except (OSError, ValueError) as error:  # InputError is a ValueError
            self._fail(error)
        else:
            if self._fault:
                log.warning("%s is written again; %d frames are missing.", self.name, self.lost)
            self._fault = ""

    def close(self) -> None:
        """Finish the output; idempotent."""
        sink, self._sink = self._sink, None
        if sink is not None:
            try:
                sink.close()
            except (OSError, ValueError) as error:
                self._note(error)
            self.written += filter(None, [sink.written])

    def state(self) -> dict[str, Any]:
        """Return the state for `/api/state`: name, fault (None when it works), and since when (ISO 8601, UTC)."""
        since = datetime.fromtimestamp(self._since_s, UTC).isoformat(timespec="seconds") if self._fault else None
        return {"name": self.name, "fault": self._fault or None, "since": since, "lost": self.lost}

    def unfinished(self) -> str:
        """Return a sentence on what was not written; empty when all was."""
        if not (self.lost or self._fault):
            return ""
        return f"{self.name[:1].upper()}{self.name[1:]} lacks {self.lost} frames ({self._told})."

    def _fail(self, error: Exception) -> None:
        self.lost += 1
        self._note(error)
        self._next_try_s = self._clock() + RETRY_S
        self.close()
        if self._on_failure:
            self._on_failure()

    def _note(self, error: Exception) -> None:
        if not self._fault:
            self._since_s = self._clock()
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        reason = reason.rstrip(".")
        if reason != self._fault:  # a new try fails alike for hours: one line is enough
            log.warning("%s is not written: %s.", self.name[:1].upper() + self.name[1:], reason)
        self._fault = self._told = reason
