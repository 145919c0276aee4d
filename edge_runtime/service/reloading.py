"""SIGHUP: reads flags and configuration again, changes what can change while frames flow, and logs what cannot."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
from collections.abc import Callable
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.service.signals import PendingSignal
from facetoon.edge_runtime.service.supervision import Supervisor

CHANGEABLE = {
    "style": "style",
    "random_style": "random_seed",
    "strength": "strength",
    "morph": "morph_s",
    "split": "split",
    "colour_match": "colour_match",
    "background": "background",
    "mode": "mode",
    "faces": "faces",
}
"""Flags that say how a frame is drawn, and the setting behind each. All other flags take effect at the next start."""

log = logging.getLogger(__name__)


def settings_of(flags: argparse.Namespace) -> dict[str, Any]:
    """The settings that the flags name, for LiveLoop.change."""
    values = {setting: getattr(flags, flag) for flag, setting in CHANGEABLE.items()}
    return {setting: value for setting, value in values.items() if value is not None}


class Reloading:
    """Reloads in two steps: a signal handler calls `note`, and the main loop's `tend` does the work."""

    def __init__(
        self,
        loop: LiveLoop,
        supervisor: Supervisor,
        read_flags: Callable[[], argparse.Namespace],
        before: argparse.Namespace,
    ) -> None:
        """`read_flags` reads the flags as they are now; `before` are those that this process started with."""
        self._loop, self._supervisor, self._read_flags, self._before = loop, supervisor, read_flags, before
        self._pending = PendingSignal()

    def note(self, *_: object) -> None:
        """For `signal.signal`: reload at the next `tend`."""
        self._pending.note()

    def tend(self) -> None:
        """Reload if a signal came. A wrong configuration changes nothing, and the log says why."""
        if not self._pending.take():
            return
        try:
            now = _checked(self._read_flags)
            self._loop.change(settings_of(now))
        except InputError as error:
            log.error("The configuration was not taken: %s", error)
        else:
            later = self._later(now)
            log.info("The configuration was read again.%s", f" After a restart: {', '.join(later)}." if later else "")
        self._supervisor.reloading()

    def _later(self, now: argparse.Namespace) -> list[str]:
        """Flags that changed and take effect at the next start."""
        return [
            f"--{name.replace('_', '-')}"
            for name, value in vars(now).items()
            if name not in CHANGEABLE and value != getattr(self._before, name)
        ]


def _checked(read_flags: Callable[[], argparse.Namespace]) -> argparse.Namespace:
    """The flags. For a wrong one argparse prints its usage and a reason, and exits: that becomes an InputError."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            return read_flags()
    except SystemExit:
        raise InputError(printed.getvalue().strip().rpartition("error: ")[2] or "it ends the program.") from None
