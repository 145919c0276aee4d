"""Keeps the progress of data preparation on the disk, so that it can stop at any moment and continue later.

`.prepare/journal.jsonl` holds the settings, then one line for each file. A crop is written whole before its line.
`.prepare/unfinished` exists until the data set is complete.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.pictures.images import LAYOUT, UNFINISHED, PictureFile
from facetoon.training.prepare.crops import Record
from facetoon.training.work.work_journal import WorkJournal


class Workspace:
    """The folder of an unfinished data set. Close it, or use it as a context manager."""

    def __init__(self, out: Path, settings: dict[str, Any]) -> None:
        """Begin in an empty or new folder, or continue in one with the same settings. InputError for any other."""
        self.out = out
        self._known: dict[tuple[str, str, str], Record] = {}
        path = out / ".prepare" / "journal.jsonl"
        self._journal = WorkJournal(path, "toon-train prepare", settings, self._check_settings, self._recall)
        (out / UNFINISHED).touch()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write the journal to the disk and close it."""
        self._journal.close()

    def record(self, domain: str, file: PictureFile) -> Record | None:
        """Return an earlier run's record of this file; None when the file must be cropped (again)."""
        record = self._known.get((domain, file.container, file.member))
        if record is None or record.file != file:
            return None
        sizes = {crop.name: crop.size_bytes for crop in record.crops if crop.name}
        whole = all(self._has(domain, name, size) for name, size in sizes.items())
        return record if whole else None

    def add(self, record: Record, crops: list[bytes]) -> None:
        """Save a record and the PNG bytes of its crops."""
        names = [crop.name for crop in record.crops if crop.name]
        for name, data in zip(names, crops, strict=True):
            write_whole(self.aside(record.domain) / name, data)
        self._journal.add(dataclasses.asdict(record))

    def finish(self) -> None:
        """Mark the data set as complete, so that training may use it."""
        self._journal.sync()
        (self.out / UNFINISHED).unlink(missing_ok=True)

    def aside(self, domain: str) -> Path:
        """Return the folder for crops that are in no part of the data set."""
        return self.out / ".prepare" / f"crops{domain}"

    def place(self, domain: str, places: dict[str, str]) -> None:
        """Move crops to their folders by {name: "trainA"}. Other crops of the domain move to the folder `aside`."""
        folders = [self.aside(domain), *(self.out / name for name in LAYOUT if name.endswith(domain))]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        for folder in folders:
            for path in sorted(folder.glob("*.png")):
                target = self.out / places[path.name] if path.name in places else self.aside(domain)
                if target != folder:
                    os.replace(path, target / path.name)

    def _has(self, domain: str, name: str, size_bytes: int) -> bool:
        folders = (self.aside(domain), self.out / f"train{domain}", self.out / f"test{domain}")
        for folder in folders:
            try:
                if (folder / name).stat().st_size == size_bytes:
                    return True
            except FileNotFoundError:
                continue
        return False

    def _recall(self, values: dict[str, Any]) -> None:
        record = Record.from_json(values)
        self._known[record.domain, record.file.container, record.file.member] = record

    def _check_settings(self, earlier: dict[str, Any], now: dict[str, Any]) -> None:
        differing = sorted(k for k in earlier.keys() | now.keys() if earlier.get(k) != now.get(k))
        if differing:
            changes = ", ".join(f"{k} {earlier.get(k)} there, {now.get(k)} asked for" for k in differing)
            raise InputError(f"{self.out} was prepared with other settings ({changes}); choose another folder.")
