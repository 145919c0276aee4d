"""Disks get full and folders vanish: the picture goes on, all is told, and what was written plays."""

from __future__ import annotations

import errno
import logging
import shutil

import cv2
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sinks.guarded import RETRY_S, GuardedSink
from facetoon.edge_runtime.sinks.new_files import NewFile, create_beside
from facetoon.edge_runtime.sinks.outputs import SequenceSink
from facetoon.edge_runtime.sinks.recording import Recording, open_recording


class SmallDisk:
    """Creates files that share so many bytes."""

    def __init__(self, free_bytes):
        self.free_bytes = free_bytes

    def create(self, path):
        disk = self

        class File(NewFile):
            def write(self, data):
                data = memoryview(data)
                part = data[: disk.free_bytes]
                disk.free_bytes -= len(part)
                written = super().write(part)
                if written < len(data):
                    raise OSError(errno.ENOSPC, "No space left on device")
                return written

        with create_beside(path) as made:
            return File(made.name, "r+")


def frames_in(path):
    video = cv2.VideoCapture(str(path))
    count = 0
    while video.read()[0]:
        count += 1
    return count


@pytest.fixture
def now():
    return [1_767_225_600.0]


def fill(sink, frames, count, start=0):
    for number in range(start, start + count):
        sink.write(frames[number % 60], number / 20)


@pytest.mark.parametrize("free_bytes", [0, 700, 40_000, 123_456, 200_001])
def test_a_full_disk_leaves_a_recording_that_plays_and_is_told_once(tmp_path, demo_frames, now, caplog, free_bytes):
    disk = SmallDisk(free_bytes)
    path = tmp_path / "out.mp4"
    sink = GuardedSink("the recording", lambda: Recording(path, 20, create=disk.create), clock=lambda: now[0])
    with caplog.at_level(logging.WARNING):
        fill(sink, demo_frames, 60)
    sink.close()
    assert sink.state()["fault"] == "No space left on device"
    assert sink.state()["since"] == "2026-01-01T00:00:00+00:00"
    assert [m for m in caplog.messages if "written" in m] == ["The recording is not written: No space left on device."]
    if free_bytes > 100_000:
        assert frames_in(path) >= 10
    assert frames_in(path) + sink.lost <= 60 + 10  # at most half a second is neither played nor counted as lost
    assert f"The recording lacks {sink.lost} frames" in sink.unfinished()


def test_it_is_written_again_into_a_further_file_once_there_is_room(tmp_path, demo_frames, now, caplog):
    disk = SmallDisk(60_000)
    path = tmp_path / "out.mp4"
    sink = GuardedSink("the recording", lambda: Recording(path, 20, create=disk.create), clock=lambda: now[0])
    fill(sink, demo_frames, 40)
    lost = sink.lost
    assert lost
    disk.free_bytes = 10_000_000
    fill(sink, demo_frames, 5, start=40)
    assert sink.state()["fault"]
    now[0] += RETRY_S
    fill(sink, demo_frames, 15, start=45)
    sink.close()
    assert sink.state() == {"name": "the recording", "fault": None, "since": None, "lost": lost + 5}
    assert frames_in(tmp_path / "out-2.mp4") == 15
    assert "is written again; " in caplog.text
    assert "lacks" in sink.unfinished()


@pytest.mark.parametrize("kind", ["recording", "pictures"])
def test_a_folder_that_vanishes_is_noticed(tmp_path, demo_frames, kind):
    folder = tmp_path / "stick"
    folder.mkdir()
    make = {"recording": lambda: open_recording(folder / "out.mp4", 20), "pictures": lambda: SequenceSink(folder)}
    sink = GuardedSink("it", make[kind])
    fill(sink, demo_frames, 5)
    shutil.rmtree(folder)
    fill(sink, demo_frames, 25, start=5)
    assert "is gone" in sink.state()["fault"]
    sink.close()
    assert not folder.exists()


def test_a_failure_ends_what_is_only_done_for_its_output(tmp_path, demo_frames):
    ended = []
    disk = SmallDisk(0)
    sink = GuardedSink("it", lambda: Recording(tmp_path / "a.mp4", 20, create=disk.create), lambda: ended.append(1))
    fill(sink, demo_frames, 3)
    sink.close()
    assert ended
    assert sink.lost == 3


@pytest.mark.parametrize("minutes", [None, 1])
def test_a_full_disk_is_said_before_the_first_frame(tmp_path, full_disk, minutes):
    with pytest.raises(InputError, match="for the recording cannot be written: File too large"):
        GuardedSink("it", lambda: open_recording(tmp_path / "a.mp4", 20, minutes))
    with pytest.raises(InputError, match="for pictures cannot be written: File too large"):
        GuardedSink("it", lambda: SequenceSink(tmp_path / "frames"))
    assert list(tmp_path.iterdir()) == []


def test_where_an_old_file_makes_room_a_full_disk_is_no_fault(tmp_path, full_disk):
    (tmp_path / "a-00001.mp4").touch()
    open_recording(tmp_path / "a.mp4", 20, minutes=1, keep=1).close()
