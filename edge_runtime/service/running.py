"""Runs an assembled loop to its end: the preview beside it, signals, and what wants a look now and then."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.service.assembly import Assembly
from facetoon.edge_runtime.service.reloading import Reloading
from facetoon.edge_runtime.service.signals import PendingSignal
from facetoon.edge_runtime.service.supervision import Supervisor
from tqdm import tqdm

LOOK_S = 0.2


def answer_signals(ending: PendingSignal, reloading: Reloading | None) -> None:
    """From now on SIGINT and SIGTERM end the run and SIGHUP reloads.

    Without a configuration file there is nothing to reload: SIGHUP then means that the terminal was closed.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ending.note)
    signal.signal(signal.SIGHUP, reloading.note if reloading else ending.note)


@contextmanager
def served(live: Assembly, flags: argparse.Namespace) -> Iterator[str | None]:
    """Serve the preview; gives the address to open, or None for a headless run."""
    if flags.headless or live.preview is None:
        yield None
        return
    from facetoon.edge_runtime.preview.start import start_preview  # spares a headless run 10 MB of Flask

    server, url = start_preview(live.preview, live.loop, flags, live.recorder)
    try:
        yield url
    finally:
        server.stop()


@contextmanager
def flowing(loop: LiveLoop, supervisor: Supervisor) -> Iterator[None]:
    """Frames flow inside. On leaving, every thread has ended, and what one could not handle is raised."""
    loop.start()
    supervisor.start()
    try:
        yield
    finally:  # also when the progress line cannot be written: no thread may stay behind
        loop.stop()
        supervisor.stop()
        loop.join()


def tend(live: Assembly, ending: PendingSignal, reloading: Reloading) -> None:
    """Until the loop ends, look now and then at signals and pace.

    A progress line shows on a terminal alone: in a log it would drown what matters.
    """
    loop = live.loop
    with tqdm(total=live.frames, unit="frame", mininterval=0.5, disable=None) as bar:
        ended = False
        while not ended:
            ended = loop.wait(LOOK_S)
            if ending.take():
                loop.stop()
            reloading.tend()
            if live.pace:
                live.pace.tend()
            bar.set_postfix_str(f"dropped={loop.dropped}", refresh=False)
            bar.update(loop.frames_out - bar.n)
