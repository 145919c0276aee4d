"""Notes on the disk which pieces of a long work are done: a line of JSON for each, after a line with the settings.

A half line at the end, which a killed run leaves, does not count, nor does anything after a line that is damaged.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import PARTIAL

SYNC_S = 1.0  # at most this much work is lost with the power

Values = dict[str, Any]


class WorkJournal:
    """`journal.jsonl` in a hidden folder of the folder that a command fills. Close it."""

    def __init__(
        self,
        path: Path,
        command: str,
        settings: Values,
        check: Callable[[Values, Values], None],
        recall: Callable[[Values], None],
    ) -> None:
        """Begin in an empty or new folder, or go on in one that the same `command` began.

        `check` gets the settings on the disk and those of this run; it raises InputError when they differ. `recall`
        gets the values of each line; a ValueError, KeyError or TypeError of it marks the line as damaged.
        Raises InputError for a folder of somebody else.
        """
        out = path.parents[1]
        settings = json.loads(json.dumps(settings))
        if out.exists() and not out.is_dir():
            raise InputError(f"{out} is a file, not a folder.")
        if out.is_dir() and not path.exists() and any(p.name != path.parent.name for p in out.iterdir()):
            raise InputError(f"{out} is not empty, and no {command} began it; choose another folder.")
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = _read(path, lambda there: check(there, settings), recall) if path.exists() else 0
        for pattern in (f"{PARTIAL}*", "*.partial"):  # the second: what facetoon 0.1 left when it was killed
            for stale in out.glob(f"**/{pattern}"):
                stale.unlink()
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(whole)
        self._file.seek(whole)
        self._synced_s = time.monotonic()
        if not whole:
            self.add({"settings": settings})

    def add(self, values: Values) -> None:
        """Note a piece of work. Its files must lie on the disk already."""
        self._file.write(json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n")
        self._file.flush()
        if time.monotonic() - self._synced_s > SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Bring all lines to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced_s = time.monotonic()

    def close(self) -> None:
        """Leave the journal on the disk."""
        if not self._file.closed:
            try:
                self.sync()
            finally:
                self._file.close()


def _read(path: Path, check: Callable[[Values], None], recall: Callable[[Values], None]) -> int:
    """Read the journal; returns the number of bytes in whole lines."""
    whole = 0
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True)):
        try:
            if not line.endswith(b"\n"):
                break
            values = json.loads(line.decode("utf-8", "surrogateescape"))
            if number == 0:
                check(values["settings"])
            else:
                recall(values)
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            break  # a run ended in the middle of a line: the work from here on is done again
        whole += len(line)
    return whole
