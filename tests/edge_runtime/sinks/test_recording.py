"""Recordings, written by a real process that is really killed."""

from __future__ import annotations

import signal

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sinks import recording
from facetoon.edge_runtime.sinks.recording import FragmentedRecording, RotatingRecording, open_recording
from facetoon.edge_runtime.sinks.sink import RecordingSink

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
@pytest.mark.parametrize("rate_hz", [2, 7, 30])
def test_an_unfinished_file_lacks_its_last_half_second_whatever_the_camera_gives(tmp_path, demo_frames, rate_hz):
    """The camera states 30 frames a second and gives fewer."""
    now_s = [0.0]
    sink = FragmentedRecording(tmp_path / "out.mp4", 30.0, clock=lambda: now_s[0])
    for number in range(3 * rate_hz + 1):
        now_s[0] = number / rate_hz
        sink.write(demo_frames[number % 60])
    (tmp_path / "as killed.mp4").write_bytes((tmp_path / "out.mp4").read_bytes())
    sink.close()
    played = len(frames_of(tmp_path / "as killed.mp4"))
    assert 3 * rate_hz + 1 - played <= max(round(0.5 * rate_hz), 1)


@needs_av
def test_a_killed_process_leaves_a_recording_that_plays_up_to_the_last_half_second(tmp_path, tiny_model, start_live):
    """The demo as it is shown: the file lacks at most what half a second of it holds."""
    out = tmp_path / "out.mp4"
    live = start_live("--port", 0, "--model", tiny_model, "--record", out)
    live.shows(60)
    shown = live.state()["frames"]
    live.end(signal.SIGKILL)
    assert len(frames_of(out)) >= shown - 15
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("kind", [RecordingSink, pytest.param(FragmentedRecording, marks=needs_av)])
def test_files_rotate_and_only_the_newest_stay(tmp_path, demo_frames, kind):
    (tmp_path / "out-notes.mp4").write_text("not ours")
    for _ in range(2):  # a second run continues the count
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
