"""Runs an assembled loop to its end, with the preview, signals and pace."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from facetoon.edge_runtime.control.mqtt_bridge import MqttBridge
from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.service.assembly import Assembly
from facetoon.edge_runtime.service.reloading import Reloading
from facetoon.edge_runtime.service.signals import PendingSignal
from facetoon.edge_runtime.service.supervision import Supervisor

LOOK_S = 0.2


def answer_signals(ending: PendingSignal, reloading: Reloading | None) -> None:
    """Let SIGINT and SIGTERM end the run and SIGHUP reload.

    Without a configuration file there is nothing to reload, so SIGHUP, from a closed terminal, ends the run too.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ending.note)
    signal.signal(signal.SIGHUP, reloading.note if reloading else ending.note)


@contextmanager
def served(live: Assembly, flags: argparse.Namespace) -> Iterator[str | None]:
    """Serve the preview inside the block; yield the address to open, or None for a headless run."""
    if flags.headless or live.preview is None:
        yield None
        return
    from facetoon.edge_runtime.preview.start import start_preview  # spares a headless run 10 MB of Flask

    served, url = start_preview(live.preview, live.loop, flags, live.recorder, live.booth)
    try:
        yield url
    finally:
        served.stop()


@contextmanager
def flowing(loop: LiveLoop, supervisor: Supervisor) -> Iterator[None]:
    """Run the loop inside the block. At its end, stop and join every thread, and raise a thread's first error."""
    loop.start()
    supervisor.start()
    try:
        yield
    finally:  # no thread may stay behind, even when the progress line cannot be written
        loop.stop()
        supervisor.stop()
        loop.join()


def tend(live: Assembly, ending: PendingSignal, reloading: Reloading, bridge: MqttBridge | None = None) -> None:
    """Check signals, pace, album and broker every LOOK_S until the loop ends.

    The progress line shows only on a terminal, so that it does not fill logs.
    """
    loop = live.loop
    with tqdm(total=live.frames, unit=" frames", mininterval=0.5, disable=None) as bar:
        ended = False
        while not ended:
            ended = loop.wait(LOOK_S)
            if ending.take():
                loop.stop()
            reloading.tend()
            if live.pace:
                live.pace.tend()
            live.booth.tend()
            if bridge:
                bridge.tend()
            bar.set_postfix_str(f"dropped={loop.dropped}", refresh=False)
            bar.update(loop.frames_out - bar.n)
