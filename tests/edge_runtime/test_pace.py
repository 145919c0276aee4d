from __future__ import annotations

import dataclasses

import pytest

from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.pace import WINDOW_S, WINDOWS, Pace
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.sources.source import DemoSource
from facetoon.edge_runtime.timing import StageTimer

SIZES_PX = {"small": 64, "large": 256, "middle": 128}


class Loop:
    """A live loop whose frames cost what the test says."""

    def __init__(self, faces=1):
        self.work = (0, 0.0)
        self.settings = LiveSettings("large", faces=faces)

    def change(self, values):
        self.settings = dataclasses.replace(self.settings, **values)


class Finder:
    search_every = 15


@pytest.fixture
def clock():
    now = [0.0]
    return now


def run(pace, loop, clock, cost_ms, windows):
    """Let time pass, at this cost of a frame, 20 frames a window."""
    for _ in range(windows):
        clock[0] += WINDOW_S
        loop.work = (loop.work[0] + 20, loop.work[1] + 20 * cost_ms / 1000)
        pace.tend()


def pace_of(loop, clock, finder=None):
    return Pace(loop, finder or Finder(), 25.0, SIZES_PX, lambda: clock[0])


def test_a_device_that_stays_too_slow_goes_on_with_the_next_smaller_model(clock, caplog):
    loop = Loop()
    pace = pace_of(loop, clock)
    run(pace, loop, clock, 39, 10)
    assert loop.settings.model == "large"
    run(pace, loop, clock, 41, WINDOWS)
    assert loop.settings.model == "middle"
    run(pace, loop, clock, 41, WINDOWS)
    assert loop.settings.model == "small"
    run(pace, loop, clock, 50, 5 * WINDOWS)
    assert [record.getMessage().partition("a second")[2] for record in caplog.records] == [
        ": changing to the model middle.",
        ": changing to the model small.",
        ", and there is no smaller model loaded.",
    ]


def test_a_short_disturbance_changes_nothing(clock):
    loop = Loop()
    pace = pace_of(loop, clock)
    for _ in range(5):
        run(pace, loop, clock, 90, WINDOWS - 1)
        run(pace, loop, clock, 10, 1)
    assert loop.settings.model == "large"


def test_a_camera_that_gives_no_frames_is_not_slow(clock):
    loop = Loop()
    pace = pace_of(loop, clock)
    for _ in range(10):
        clock[0] += WINDOW_S
        pace.tend()
    assert loop.settings.model == "large"


def test_with_several_faces_the_search_becomes_rarer_once_the_smallest_model_runs(clock):
    loop, finder = Loop(faces=3), Finder()
    loop.change({"model": "small"})
    pace = pace_of(loop, clock, finder)
    run(pace, loop, clock, 60, WINDOWS)
    assert finder.search_every == 30
    run(pace, loop, clock, 60, 5 * WINDOWS)
    assert finder.search_every == 60


def test_the_real_loop_counts_its_work_and_changes_its_model(tiny_model):
    """The two models are one file under two names. A target that no device reaches makes it change to the other."""
    sessions = {"a": open_session(tiny_model), "b": open_session(tiny_model)}
    timer, now = StageTimer(), [0.0]
    finder = FaceFinder()
    loop = LiveLoop(DemoSource(), Cartoonizer(sessions, finder, timer), [], timer, fast=True, frame_limit=20)
    pace = Pace(loop, finder, 1e6, {"a": 64, "b": 32}, lambda: now[0])
    loop.start()
    loop.join()
    frames, busy_s = loop.work
    assert frames == 20
    assert busy_s > 0
    for _ in range(WINDOWS):
        loop.work = (loop.work[0] + 1, loop.work[1] + busy_s)
        now[0] += WINDOW_S
        pace.tend()
    assert loop.settings.model == "b"
