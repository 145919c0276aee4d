"""Records on the disk which pieces of a long job are done: a line with the settings, then a line of JSON for each.

A killed run may leave half a line at the end. That line and everything after a damaged line are ignored.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.folder_owner import LOCK, owned
from facetoon.edge_runtime.whole_file import PARTIAL

SYNC_S = 1.0  # a power cut loses at most this much work

Values = dict[str, Any]


class WorkJournal:
    """`journal.jsonl` in a hidden folder inside the output folder of a command, which it owns until `close`."""

    def __init__(
        self,
        path: Path,
        command: str,
        settings: Values,
        check: Callable[[Values, Values], None],
        recall: Callable[[Values], None],
    ) -> None:
        """Begin in an empty or new folder, or continue in one that the same `command` began.

        `check` gets the settings on the disk and those of this run; it raises InputError when they differ. `recall`
        gets the values of each line; a ValueError, KeyError or TypeError of it marks the line as damaged.
        Raises InputError for a folder with other contents, or of which another process is the owner.
        """
        out = path.parents[1]
        settings = json.loads(json.dumps(settings))
        if out.exists() and not out.is_dir():
            raise InputError(f"{out} is a file, not a folder.")
        if out.is_dir() and not path.exists() and any(p.name != path.parent.name for p in out.iterdir()):
            raise InputError(f"{out} is not empty, and {command} did not begin it; choose another folder.")
        with ExitStack() as owner:  # released again when the journal cannot be continued
            owner.enter_context(owned(out, f"{path.parent.name}/{LOCK}"))
            self._file = self._opened(path, settings, check, recall)
            self._synced_s = time.monotonic()
            if not self._file.tell():
                self.add({"settings": settings})
            self._owner = owner.pop_all()

    def _opened(
        self, path: Path, settings: Values, check: Callable[[Values, Values], None], recall: Callable[[Values], None]
    ) -> BinaryIO:
        """Open the journal at its end, without the half line that a killed run may have left."""
        out = path.parents[1]
        whole = _read(path, lambda earlier: check(earlier, settings), recall) if path.exists() else 0
        for pattern in (f"{PARTIAL}*", "*.partial"):  # facetoon 0.1 named its partial files *.partial
            for stale in out.glob(f"**/{pattern}"):
                stale.unlink()
        file = path.open("r+b" if path.exists() else "w+b")
        file.truncate(whole)
        file.seek(whole)
        return file

    def add(self, values: Values) -> None:
        """Record a finished piece. Its files must be on the disk already."""
        self._file.write(json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n")
        self._file.flush()
        if time.monotonic() - self._synced_s > SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Write all lines to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced_s = time.monotonic()

    def close(self) -> None:
        """Write the journal to the disk and close it."""
        if not self._file.closed:
            try:
                self.sync()
            finally:
                self._file.close()
                self._owner.close()


def _read(path: Path, check: Callable[[Values], None], recall: Callable[[Values], None]) -> int:
    """Read the journal and return the number of bytes in whole lines."""
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
            break  # a run ended in the middle of a line; pieces from here on are done again
        whole += len(line)
    return whole
