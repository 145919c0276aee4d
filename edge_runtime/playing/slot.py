"""Room for one item between two threads."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Slot(Generic[Item]):
    """Room for one item between two threads."""

    def __init__(self, lossless: bool) -> None:
        self._lossless = lossless
        self._item: Item | None = None
        self._closed = False
        self._changed = threading.Condition()
        self.dropped = 0

    def put(self, item: Item) -> None:
        """Put an item. A lossless slot waits until the old item is taken; other slots replace it and count a drop."""
        with self._changed:
            if self._lossless:
                self._changed.wait_for(lambda: self._closed or self._item is None)
            elif self._item is not None:
                self.dropped += 1
            self._item = item
            self._changed.notify_all()

    def take(self) -> Item | None:
        """Wait for an item and take it; None once the slot is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._item is not None)
            item, self._item = self._item, None
            self._changed.notify_all()
            return item

    def close(self, discard: bool = False) -> None:
        """Accept no more items; `discard` drops the waiting item."""
        with self._changed:
            self._closed = True
            if discard:
                self._item = None
            self._changed.notify_all()
