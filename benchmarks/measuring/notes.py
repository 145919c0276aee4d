"""Sentences about failures and disturbances of a measurement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from facetoon.edge_runtime.errors import InputError

Answer = TypeVar("Answer")


class Notes:
    """Collects sentences for the result, and passes each to `tell` at once."""

    def __init__(self, tell: Callable[[str], None], path: Path | None = None) -> None:
        """`path` is the model file that the sentences are about."""
        self.texts: list[str] = []
        self._tell, self._path = tell, path

    def add(self, text: str) -> None:
        """Note a sentence, with the file's name in place of its path: a result names no folders."""
        if self._path:
            text = text.replace(str(self._path), self._path.name)
        self.texts.append(text)
        self._tell(text)

    def attempt(self, work: Callable[[], Answer]) -> Answer | None:
        """Return the answer of `work`, or None and a note of its InputError, so that the measurement continues."""
        try:
            return work()
        except InputError as error:
            self.add(str(error))
            return None
