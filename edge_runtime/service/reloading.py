"""SIGHUP: read flags and configuration again, change what can change while frames flow, and say what cannot."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
from collections.abc import Callable
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.live import LiveLoop
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
"""Flags that say how a frame is drawn, and the setting that each one is; all others take effect at the next start."""

log = logging.getLogger(__name__)


def settings_of(flags: argparse.Namespace) -> dict[str, Any]:
    """What the flags say about the picture, for LiveLoop.change."""
    values = {setting: getattr(flags, flag) for flag, setting in CHANGEABLE.items()}
    return {setting: value for setting, value in values.items() if value is not None}


class Asked:
    """What a signal handler notes for the main loop.

    A handler may interrupt anything, itself too: the lock of an Event that it held already would never come free.
    """

    def __init__(self) -> None:
        self._asked = False

    def ask(self, *_: object) -> None:
        """For `signal.signal`, or without arguments."""
        self._asked = True

    def take(self) -> bool:
        """True once for all that was asked since the last time."""
        asked, self._asked = self._asked, False
        return asked


class Reloading:
    """`ask` is for a signal handler; the main loop's `tend` does the work."""

    def __init__(
        self,
        loop: LiveLoop,
        supervisor: Supervisor,
        parse: Callable[[], argparse.Namespace],
        before: argparse.Namespace,
    ) -> None:
        """`parse` gives the flags as they are now; `before` are those that this process was started with."""
        self._loop, self._supervisor, self._parse, self._before = loop, supervisor, parse, before
        self._asked = Asked()

    def ask(self, *_: object) -> None:
        """Reload as soon as the main loop comes by."""
        self._asked.ask()

    def tend(self) -> None:
        """Reload if that was asked for. A configuration that is wrong changes nothing, and the log says why."""
        if not self._asked.take():
            return
        try:
            now = _parsed(self._parse)
            self._loop.change(settings_of(now))
        except InputError as error:
            log.error("The configuration was not taken: %s", error)
        else:
            waiting = [
                f"--{name.replace('_', '-')}"
                for name, value in vars(now).items()
                if name not in CHANGEABLE and value != getattr(self._before, name)
            ]
            after = f" After a restart: {', '.join(waiting)}." if waiting else ""
            log.info("The configuration was read again.%s", after)
        self._supervisor.reloading()


def _parsed(parse: Callable[[], argparse.Namespace]) -> argparse.Namespace:
    """The flags; InputError with argparse's reason, which it writes below its usage, and then exits."""
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            return parse()
    except SystemExit:
        raise InputError(told.getvalue().strip().rpartition("error: ")[2] or "it ends the program.") from None
