"""On SIGHUP, reads flags and configuration again, applies the changeable settings, and logs the other changes."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
from collections.abc import Callable
from typing import Any

from facetoon.edge_runtime.cartoon.background import read_background
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
    "sharpen": "sharpen",
    "background": "background",
    "mode": "mode",
    "faces": "faces",
    "turn": "turn",
    "mirror": "mirror",
}
"""Flags for the drawing of frames, and the setting of each. All other flags take effect at the next start."""

log = logging.getLogger(__name__)


def settings_of(flags: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of the flags, for LiveLoop.change. Raises InputError for a background that is none."""
    given = {setting: getattr(flags, flag) for flag, setting in CHANGEABLE.items()}
    values = {setting: value for setting, value in given.items() if value is not None}
    return values | (read_background(flags.background) if flags.background else {})


class Reloading:
    """Reloads in two steps: a signal handler calls `note`, and the main loop's `tend` does the work."""

    def __init__(
        self,
        loop: LiveLoop,
        supervisor: Supervisor,
        read_flags: Callable[[], argparse.Namespace],
        before: argparse.Namespace,
    ) -> None:
        """`read_flags` reads the present flags; `before` are the flags at the start of this process."""
        self._loop, self._supervisor, self._read_flags, self._before = loop, supervisor, read_flags, before
        self._pending = PendingSignal()

    def note(self, *_: object) -> None:
        """Note a signal, as a handler for `signal.signal`: reload at the next `tend`."""
        self._pending.note()

    def tend(self) -> None:
        """Reload if a signal came. A wrong configuration changes nothing, and the log says why."""
        if not self._pending.take():
            return
        try:
            now = _checked(self._read_flags)
            self._loop.change(settings_of(now), anew=True)  # what the file no longer sets is as at the start
        except InputError as error:
            log.error("The configuration was refused: %s", error)
        else:
            later = self._later(now)
            log.info("The configuration was read again.%s", f" After a restart: {', '.join(later)}." if later else "")
        self._supervisor.reloading()

    def _later(self, now: argparse.Namespace) -> list[str]:
        """Return the changed flags that take effect at the next start."""
        return [
            f"--{name.replace('_', '-')}"
            for name, value in vars(now).items()
            if name not in CHANGEABLE and value != getattr(self._before, name)
        ]


def _checked(read_flags: Callable[[], argparse.Namespace]) -> argparse.Namespace:
    """Read the flags. For a wrong flag argparse prints a reason and exits: turn that into an InputError."""
    output = io.StringIO()
    try:
        with contextlib.redirect_stderr(output):
            return read_flags()
    except SystemExit:
        raise InputError(output.getvalue().strip().rpartition("error: ")[2] or "it ends the program.") from None
