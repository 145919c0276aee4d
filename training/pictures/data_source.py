"""A source of pictures as a user names it: a folder or zip file with a pattern, or one domain of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATASET_MARK = "#dataset-"
"""Runs of version 0.1.0 wrote `FOLDER#dataset-A` into sources.json for domain A of a data set."""


@dataclass(frozen=True)
class DataSource:
    """A source of pictures. `parse` and `from_json` are the only functions that read one from text."""

    path: str
    """A folder or zip file."""
    pattern: str = ""
    """Pattern for the file name or, with a slash, for the end of the path: `lfw_*`, `v1/*`. Empty: every picture."""
    domain: str = ""
    """"A" or "B" of a data set that is split on disk already; empty for any other folder or zip file."""

    @classmethod
    def parse(cls, text: str) -> DataSource:
        """Split text such as `faces.zip#lfw_*` into path and pattern.

        The longest existing path counts, so names of folders and files may contain '#'. When no path exists, it ends
        before the first '#'.
        """
        marks = [at for at, letter in enumerate(text) if letter == "#"]
        for end in (len(text), *reversed(marks)):
            if end and Path(text[:end]).exists():
                return cls(text[:end], text[end + 1 :])
        path, _, pattern = text.partition("#")
        return cls(path, pattern)

    @classmethod
    def from_json(cls, value: Any) -> DataSource:
        """Read a source from sources.json: text, or an object for a domain of a data set. May raise KeyError."""
        if isinstance(value, dict):
            return cls(str(value["dataset"]), domain=str(value["domain"]))
        path, mark, domain = str(value).rpartition(DATASET_MARK)
        return cls(path, domain=domain) if mark and domain in ("A", "B") else cls.parse(str(value))

    def as_json(self) -> str | dict[str, str]:
        """Return the JSON value that `from_json` reads."""
        return {"dataset": self.path, "domain": self.domain} if self.domain else str(self)

    def __str__(self) -> str:
        return f"{self.path}#{self.pattern}" if self.pattern else self.path


def as_source(source: DataSource | str) -> DataSource:
    """Return `source` itself, or the source that its text describes."""
    return source if isinstance(source, DataSource) else DataSource.parse(source)
