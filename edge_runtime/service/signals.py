"""Notes signals for the main loop, since a signal handler may do nothing else safely."""

from __future__ import annotations


class PendingSignal:
    """Remembers that a signal came.

    A handler may interrupt any code, even another handler. If that code holds the lock of a threading.Event, the
    handler would wait for it for ever. So this class holds a plain flag.
    """

    def __init__(self) -> None:
        self._pending = False

    def note(self, *_: object) -> None:
        """Note a signal, as a handler for `signal.signal` or without arguments."""
        self._pending = True

    def take(self) -> bool:
        """Return True once for all signals since the last call."""
        pending, self._pending = self._pending, False
        return pending
