"""Remembers which photographs are drawn, so that a run that was killed goes on. A pair is written before its line."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures.images import PictureFile
from facetoon.training.work.work_journal import WorkJournal

NO_FACE, UNREADABLE = "without a face", "unreadable"


class DrawingJournal:
    """`.draw/journal.jsonl` of a folder of drawings. Close it."""

    def __init__(self, out: Path, settings: dict[str, Any]) -> None:
        """Begin in an empty or new folder, or go on in one of the same settings. InputError for any other."""
        self.out = out
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        path = out / ".draw" / "journal.jsonl"
        self._journal = WorkJournal(path, "toon-train draw", settings, self._check_settings, self._recall)

    def close(self) -> None:
        """Leave the journal on the disk."""
        self._journal.close()

    def known(self, file: PictureFile) -> tuple[str, str] | None:
        """(name, reason) that an earlier run noted for this very file; None when it must be drawn (again)."""
        line = self._known.get((file.container, file.member))
        return (line["name"], line["reason"]) if line and line["file"] == asdict(file) else None

    def add(self, file: PictureFile, name: str, reason: str) -> None:
        """Note the `name` of the pair that was written, or the reason why there is none."""
        self._journal.add({"file": asdict(file), "name": name, "reason": reason})

    def _recall(self, line: dict[str, Any]) -> None:
        if not isinstance(line["name"], str) or not isinstance(line["reason"], str):
            raise TypeError("a damaged line")
        self._known[line["file"]["container"], line["file"]["member"]] = line

    def _check_settings(self, there: dict[str, Any], here: dict[str, Any]) -> None:
        differing = sorted(key for key in there.keys() | here.keys() if there.get(key) != here.get(key))
        if differing:
            raise InputError(f"{self.out} was drawn with another {' and '.join(differing)}; choose another folder.")
