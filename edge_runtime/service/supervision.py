"""Tells systemd that the loop is ready, alive, reloading or stopping (sd_notify(3)), over a datagram socket.

The protocol is one datagram of text, so it needs no package.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable


class Supervisor:
    """Reports the loop's state to the service manager; sends nothing without a manager."""

    def __init__(self, progress: Callable[[], int]) -> None:
        """`progress` returns a number that grows with every finished frame: a hanging loop must not look alive."""
        self._progress = progress
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        watchdog_us = int(os.environ.get("WATCHDOG_USEC", "0") or 0)
        self._interval_s = watchdog_us / 1e6 / 3 if watchdog_us else 1.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervision", daemon=True)

    def start(self) -> None:
        """Begin to watch: send READY after the first frame, and WATCHDOG while more frames come."""
        if self._address:
            self._thread.start()

    def stop(self) -> None:
        """Report that the loop is about to end, and stop watching."""
        self._ended.set()
        self.tell("STOPPING=1")
        if self._thread.is_alive():
            self._thread.join()

    def reloading(self) -> None:
        """Report a finished reload."""
        self.tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        self.tell("READY=1")

    def tell(self, state: str) -> None:
        """Send one datagram. A manager that is gone, or does not take it within a second, is ignored."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(1.0)  # the queue holds ten datagrams; without a timeout the next would wait for ever
            try:
                sender.sendto(state.encode(), address)
            except OSError:
                return

    def _watch(self) -> None:
        seen, ready = 0, False
        while not self._ended.wait(self._interval_s):
            now = self._progress()
            if now != seen:
                self.tell("WATCHDOG=1" if ready else "READY=1\nWATCHDOG=1")
                seen, ready = now, True
