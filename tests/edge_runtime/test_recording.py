"""Recordings, written by a real process that is really killed."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest

from edge_runtime import recording
from edge_runtime.errors import InputError
from edge_runtime.recording import FragmentedRecording, RotatingRecording, open_recording
from edge_runtime.sinks import RecordingSink

needs_av = pytest.mark.skipif(not recording.survives(), reason="PyAV is missing: pip install 'facetoon[record]'")


def frames_of(path):
    video = cv2.VideoCapture(str(path))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1])
    return frames


@needs_av
def test_a_fragmented_recording_plays_with_every_frame(tmp_path, demo_frames):
    sink = FragmentedRecording(tmp_path / "out.mp4", 25.0)
    for frame in demo_frames[:30]:
        sink.write(frame)
    sink.close()
    sink.close()
    assert cv2.VideoCapture(str(tmp_path / "out.mp4")).get(cv2.CAP_PROP_FPS) == pytest.approx(25)
    played = frames_of(tmp_path / "out.mp4")
    assert len(played) == 30
    assert all(cv2.PSNR(a, b) > 28 for a, b in zip(played, demo_frames, strict=False))


@needs_av
def test_frames_of_a_slow_camera_play_when_they_came(tmp_path, demo_frames):
    """Twenty frames at 10 a second, from a camera that states 30, play for two seconds."""
    now = iter(np.repeat(np.arange(30) / 10, 2))
    sink = FragmentedRecording(tmp_path / "out.mp4", 30.0, clock=lambda: next(now))
    next(now)
    for frame in demo_frames[:20]:
        sink.write(frame)
    sink.close()
    video = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) / video.get(cv2.CAP_PROP_FPS) > 0.9


@needs_av
def test_a_killed_process_leaves_a_recording_that_plays_up_to_the_last_second(tmp_path, tiny_model):
    out = tmp_path / "out.mp4"
    code = """
import sys, time
from pathlib import Path
from edge_runtime.recording import open_recording
from edge_runtime.sources import DemoSource
source, sink = DemoSource(), open_recording(Path(sys.argv[1]), 30.0)
for number in range(10000):
    sink.write(source.read())
    print(number + 1, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) >= 100:
                process.send_signal(signal.SIGKILL)
                break
        written = int([line, *process.stdout.read().split()][-1])
    played = frames_of(out)
    assert written - 30 <= len(played) <= written + 1
    assert re.fullmatch(r"out\.mp4", next(tmp_path.iterdir()).name)


@pytest.mark.parametrize("kind", [RecordingSink, pytest.param(FragmentedRecording, marks=needs_av)])
def test_files_rotate_and_only_the_newest_stay(tmp_path, demo_frames, kind):
    (tmp_path / "out-notes.mp4").write_text("not ours")
    for _ in range(2):  # a second run goes on counting
        sink = RotatingRecording(tmp_path / "out.mp4", 30.0, 10 / 30 / 60, 3, kind)
        for frame in demo_frames[:25]:
            sink.write(frame)
        sink.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["out-00004.mp4", "out-00005.mp4", "out-00006.mp4", "out-notes.mp4"]
    assert [len(frames_of(tmp_path / name)) for name in names[:3]] == [10, 10, 5]


@pytest.mark.parametrize(("name", "message"), [("out.txt", "is an .mp4 file"), ("no/such/out.mp4", "does not exist")])
@pytest.mark.parametrize("minutes", [None, 1])
def test_impossible_recording_is_refused_at_once(tmp_path, name, message, minutes):
    with pytest.raises(InputError, match=message):
        open_recording(tmp_path / name, 25.0, minutes)
    assert not list(tmp_path.iterdir())


def test_without_pyav_the_plain_writer_remains(tmp_path, monkeypatch):
    monkeypatch.setattr(recording.importlib.util, "find_spec", lambda name: None)
    assert isinstance(open_recording(tmp_path / "out.mp4", 30.0), RecordingSink)
