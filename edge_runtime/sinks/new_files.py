"""Creates output files, and never takes the place of one that exists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from itertools import chain, count
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError


class NewFile(FileIO):
    """An unbuffered file. A write is whole, or raises OSError: a disk that gets full takes only a part of it."""

    def write(self, data: Any) -> int:
        """See io.FileIO."""
        view, written = memoryview(data), 0
        while written < len(view):
            written += super().write(view[written:])
        return written


CreateFile = Callable[[Path], NewFile]
"""Creates the file of a path, or one beside it; the result's `name` says which. Raises OSError."""


def create_beside(path: Path) -> NewFile:
    """Create `path`, or where it exists NAME-2, NAME-3 and so on. Two processes never get the same file."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return _create_first(chain([path], numbered))


def create_next(path: Path) -> NewFile:
    """Create `path`, whose name ends in a number of five digits, or where it exists the next free number."""
    stem, first = path.stem[:-5], int(path.stem[-5:])
    return _create_first(path.with_name(f"{stem}{number:05}{path.suffix}") for number in count(first))


def replace_file(path: Path) -> NewFile:
    """Create `path`; an older file there is lost."""
    return NewFile(path, "w")


def refuse_inputs(outputs: Iterable[Path | None], inputs: Iterable[Path | None]) -> None:
    """Raise InputError when an output is an input, by whatever link or spelling."""
    read = [path for path in inputs if path is not None and path.exists()]
    for output in (path for path in outputs if path is not None and path.exists()):
        for path in (path for path in read if path.samefile(output)):
            raise InputError(f"{output} is the same as {path}, which is read here: choose another name for the output.")


def _create_first(paths: Iterator[Path]) -> NewFile:
    """Create the first path that does not exist. There are endlessly many."""
    while True:
        try:
            return NewFile(next(paths), "x")
        except FileExistsError:
            continue
