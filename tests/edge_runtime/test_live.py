from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.timing import StageTimer

LONGEST_S = 120  # for a state that an idle machine reaches at once


class Frames:
    """A source of numbered frames: pixel (0, 0) says which."""

    name = "numbers"
    rate_hz = 25.0  # a hint that nothing may believe: the frames are a millisecond apart
    time_s = 0.0
    sound = None
    fault = ""
    unrelated = False

    def __init__(self, count: int | None, live: bool = False, fail_at: int = -1) -> None:
        self.frames, self.live, self.fail_at, self.losses = count, live, fail_at, 0
        self.closed = False
        self.ended = threading.Event()
        self._number = 0

    def read(self):
        if self._number == self.fail_at:
            raise OSError("the cable is loose")
        if self.live:
            time.sleep(0.002)
        if self._number == self.frames:
            self.ended.set()
            return None
        self.time_s = self._number / 1000
        self._number += 1
        return np.full((4, 4, 3), self._number % 256, np.uint8)

    def close(self):
        self.closed = True


class Identity:
    """Stands in for the cartoonizer; may be slow, wait, or fail."""

    faces = ()
    models: ClassVar = {}
    styles: ClassVar = {"a": ("ink", "wash"), "b": ()}
    faces_only: ClassVar = {"a": ("ink",), "b": ()}
    settings = LiveSettings("a", {"ink": 1.0})

    def __init__(self, pause_s: float = 0.0, fail: bool = False, until: threading.Event | None = None) -> None:
        self.pause_s, self.fail, self.until = pause_s, fail, until
        self.working = threading.Event()
        self.scenes = self.skipped = 0

    def begin_scene(self):
        self.scenes += 1

    def draw(self, frame, settings):
        self.settings_seen = settings
        self.working.set()
        time.sleep(self.pause_s)
        if self.until:
            assert self.until.wait(LONGEST_S)
        if self.fail:
            raise RuntimeError("no cartoon today")
        return SimpleNamespace(frame=frame, faces=self.faces)

    def finish(self, drawn):
        return drawn.frame


class Collector:
    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.times_s: list[float] = []
        self.closed = False

    def write(self, frame, time_s):
        self.times_s.append(time_s)
        self.numbers.append(int(frame[0, 0, 0]))

    def close(self):
        self.closed = True


def run(source, cartoonizer, **options):
    sink = Collector()
    loop = LiveLoop(source, cartoonizer, [sink], StageTimer(), **options)
    loop.start()
    return loop, sink


def test_fast_shows_every_frame_of_a_file_in_order():
    source = Frames(100)
    loop, sink = run(source, Identity(0.001), fast=True)
    loop.join()
    assert sink.numbers == list(range(1, 101))
    assert sink.times_s == [number / 1000 for number in range(100)]
    assert loop.dropped == 0
    assert loop.frames_out == 100
    assert source.closed
    assert sink.closed
    assert not loop.running


def test_a_slow_worker_drops_frames_and_counts_them():
    """The worker stays at its first frame until the camera has given its last, so all between them are dropped."""
    source = Frames(100, live=True)
    loop, sink = run(source, Identity(until=source.ended), fast=True)
    loop.join()
    assert sink.numbers[-1] == 100  # the newest always arrives
    assert loop.dropped >= 98
    assert loop.dropped + len(sink.numbers) == 100


def test_a_cut_and_unrelated_pictures_begin_a_scene():
    worker = Identity()
    source = Frames(100)  # grey levels that rise by one, and fall once from 100 to 0 in the second run
    run(source, worker, fast=True)[0].join()
    assert worker.scenes == 0
    source = Frames(300)
    run(source, worker, fast=True)[0].join()
    assert worker.scenes == 1  # from level 255 to 0
    source = Frames(10)
    source.unrelated = True
    run(source, worker, fast=True)[0].join()
    assert worker.scenes == 11


def test_the_state_passes_a_hint_on():
    class Hint:
        hint = ""

        def look(self, frame, settings, has_faces, time_s):
            self.hint = f"{settings.model} {has_faces} {time_s}"

    loop, _ = run(Frames(3), Identity(), fast=True, turned_look=Hint())
    loop.join()
    assert loop.state()["hint"] == "a False 0.002"


def test_frame_limit():
    loop, sink = run(Frames(None), Identity(), fast=True, frame_limit=7)
    loop.join()
    assert sink.numbers == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("fast", [True, False])
def test_stop_ends_every_thread_and_closes_all(fast, wait_until):
    source = Frames(None)
    loop, sink = run(source, Identity(0.001), fast=fast)
    wait_until(lambda: len(sink.numbers) >= 3)
    assert loop.running
    loop.stop()
    assert loop.wait(LONGEST_S)
    loop.join()
    assert source.closed
    assert sink.closed


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("source", "worker", "error", "message"),
    [
        (Frames(None, fail_at=5), Identity(), OSError, "the cable is loose"),
        (Frames(None), Identity(fail=True), RuntimeError, "no cartoon today"),
    ],
)
def test_what_a_thread_cannot_handle_is_raised_by_join(fast, source, worker, error, message):
    loop, sink = run(source, worker, fast=fast)
    with pytest.raises(error, match=message):
        loop.join()
    assert sink.closed
    assert not loop.running


def test_a_failing_sink_is_raised_too():
    class Full(Collector):
        def write(self, frame, time_s):
            raise OSError("disk full")

    loop = LiveLoop(Frames(None), Identity(), [Full()], StageTimer(), fast=True)
    loop.start()
    with pytest.raises(OSError, match="disk full"):
        loop.join()


def test_a_camera_that_hangs_does_not_hold_up_the_end():
    release = threading.Event()

    class Hanging(Frames):
        def read(self):
            release.wait()

    source = Hanging(None, live=True)
    loop, sink = run(source, Identity())
    loop.stop()
    loop.join()  # would wait for ever
    assert sink.closed
    assert not source.closed
    release.set()


def test_the_end_waits_for_the_frame_that_is_worked_on():
    """Its thread would return from native code after Python has ended, and abort the process."""
    worker = Identity(pause_s=LiveLoop.LONGEST_READ_S + 0.4)
    loop, _ = run(Frames(None), worker)
    assert worker.working.wait(LONGEST_S)
    loop.stop()
    loop.join()
    assert not {thread.name for thread in threading.enumerate()} & {"drawer", "finisher"}


def test_the_next_frame_is_drawn_while_a_frame_is_finished():
    class TwoHands(Identity):
        """Finishes its first frame only when the second has been drawn."""

        def __init__(self):
            super().__init__()
            self.second = threading.Event()
            self.drawn = 0

        def draw(self, frame, settings):
            self.drawn += 1
            if self.drawn == 2:
                self.second.set()
            return super().draw(frame, settings)

        def finish(self, drawn):
            assert self.second.wait(LONGEST_S)
            return super().finish(drawn)

    loop, sink = run(Frames(5), TwoHands(), fast=True)
    loop.join()
    assert sink.numbers == [1, 2, 3, 4, 5]


def test_the_work_on_a_frame_is_the_slower_halfs():
    class SlowEnd(Identity):
        def finish(self, drawn):
            time.sleep(0.05)
            return super().finish(drawn)

    for worker in (SlowEnd(), Identity(pause_s=0.05)):
        loop, _ = run(Frames(3), worker, fast=True)
        loop.join()
        frames, busy_s = loop.work
        assert frames == 3
        assert busy_s >= 0.15


def test_state_tells_what_the_preview_shows():
    loop, _ = run(Frames(10), Identity(), fast=True)
    loop.join()
    state = loop.state()
    assert state["frames"] == 10
    assert state["source"] == "numbers"
    assert state["running"] is False
    assert {"decode", "encode", "latency"} <= set(state["stages"])
    assert state["settings"]["style"] == {"ink": 1.0}
    assert state["styles"] == ["ink", "wash"]


def test_a_change_reaches_the_next_frame_and_a_bad_one_changes_nothing(wait_until):
    worker = Identity(0.001)
    loop, sink = run(Frames(None), worker, fast=True)
    changed = loop.change({"strength": 0.25, "style": {"wash": 3, "ink": 1}})
    assert loop.settings is changed
    with pytest.raises(InputError, match="split must be a number from 0 to 1"):
        loop.change({"strength": 0.5, "split": 2})
    assert loop.settings is changed
    seen = len(sink.numbers)
    wait_until(lambda: len(sink.numbers) >= seen + 4)
    loop.stop()
    loop.join()
    assert worker.settings_seen is changed
