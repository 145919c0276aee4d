"""Sentences about what could not be measured, and about what disturbed a measurement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from facetoon.edge_runtime.errors import InputError

Answer = TypeVar("Answer")


class Notes:
    """Collects sentences for the result, and tells each at once."""

    def __init__(self, tell: Callable[[str], None], path: Path | None = None) -> None:
        """`path` is the model file that the sentences are about."""
        self.texts: list[str] = []
        self._tell, self._path = tell, path

    def add(self, text: str) -> None:
        """Note a sentence, with the file's name in place of its path: a result tells nothing of folders."""
        if self._path:
            text = text.replace(str(self._path), self._path.name)
        self.texts.append(text)
        self._tell(text)

    def attempt(self, work: Callable[[], Answer]) -> Answer | None:
        """The answer of `work`, or None and a note of its InputError, so that the rest is still measured."""
        try:
            return work()
        except InputError as error:
            self.add(str(error))
            return None
