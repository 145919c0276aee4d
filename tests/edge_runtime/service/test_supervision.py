from __future__ import annotations

import re
import time

from facetoon.edge_runtime.service.supervision import Supervisor


class Progress:
    """A count of frames, and how often the supervisor asked for it."""

    def __init__(self):
        self.frames, self.asked = 0, 0

    def __call__(self):
        self.asked += 1
        return self.frames


def test_a_loop_that_hangs_looks_dead(listener, monkeypatch, wait_until):
    monkeypatch.setenv("NOTIFY_SOCKET", str(listener.path))
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    progress = Progress()
    supervisor = Supervisor(progress)

    def hears_nothing_while_no_frame_comes():
        enough = progress.asked + 3
        wait_until(lambda: progress.asked >= enough)
        supervisor.tell("MARK=1")  # datagrams keep their order
        assert listener.hear() == "MARK=1"

    supervisor.start()
    hears_nothing_while_no_frame_comes()
    progress.frames = 1
    assert listener.hear() == "READY=1\nWATCHDOG=1"
    hears_nothing_while_no_frame_comes()
    progress.frames = 2
    assert listener.hear() == "WATCHDOG=1"
    supervisor.stop()
    assert listener.hear() == "STOPPING=1"


def test_without_a_manager_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    progress = Progress()
    supervisor = Supervisor(progress)
    supervisor.start()
    supervisor.reloading()
    supervisor.stop()
    assert progress.asked == 0


def test_the_clock_of_a_reload_is_monotonic(listener, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(listener.path))
    before_us = time.monotonic_ns() // 1000
    Supervisor(Progress()).reloading()
    sent_us = int(re.search(r"MONOTONIC_USEC=(\d+)", listener.hear())[1])
    assert before_us <= sent_us <= time.monotonic_ns() // 1000
    assert listener.hear() == "READY=1"
