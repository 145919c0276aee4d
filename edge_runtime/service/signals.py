"""What a signal handler may do: note that the signal came, for the main loop to deal with."""

from __future__ import annotations


class PendingSignal:
    """Remembers that a signal came.

    A handler may interrupt any code, another handler included. If that code holds the lock of a threading.Event, the
    handler would wait for it for ever; so this holds a plain flag.
    """

    def __init__(self) -> None:
        self._pending = False

    def note(self, *_: object) -> None:
        """For `signal.signal`, or without arguments."""
        self._pending = True

    def take(self) -> bool:
        """True once for all signals since the last call."""
        pending, self._pending = self._pending, False
        return pending
