"""Recordings, written by a real process that is really killed."""

from __future__ import annotations

import signal
import sys

import av
import cv2
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sinks.recording import Recording, RotatingRecording, open_recording


def frames_of(path):
    video = cv2.VideoCapture(str(path))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1])
    return frames


def length_s(path):
    """Length of a recording as the players know it: to the end of its last frame."""
    with av.open(str(path)) as container:
        return container.duration / av.time_base


def test_a_recording_plays_with_every_frame(tmp_path, demo_frames):
    sink = Recording(tmp_path / "out.mp4", 25.0)
    for number, frame in enumerate(demo_frames[:30]):
        sink.write(frame, number / 25)
    sink.close()
    sink.close()
    played = frames_of(tmp_path / "out.mp4")
    assert len(played) == 30
    assert all(cv2.PSNR(a, b) > 28 for a, b in zip(played, demo_frames, strict=False))
    assert length_s(tmp_path / "out.mp4") == pytest.approx(30 / 25, rel=0.02)


@pytest.mark.parametrize("rate_hz", [1, 10, 12.5, 29.97])
def test_frames_of_a_camera_play_when_they_came_whatever_it_states(tmp_path, demo_frames, rate_hz):
    sink = Recording(tmp_path / "out.mp4", 90000.0)
    for number in range(20):
        sink.write(demo_frames[number], 7000 + number / rate_hz)
    sink.close()
    assert length_s(tmp_path / "out.mp4") == pytest.approx(20 / rate_hz, rel=0.02)


def test_a_stall_of_the_camera_stays_in_the_recording(tmp_path, demo_frames):
    times_s = [number / 20 + (3.0 if number >= 15 else 0.0) for number in range(30)]
    sink = Recording(tmp_path / "out.mp4", 20.0)
    for frame, time_s in zip(demo_frames, times_s, strict=False):
        sink.write(frame, time_s)
    sink.close()
    assert length_s(tmp_path / "out.mp4") == pytest.approx(4.5, rel=0.02)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [frame.time for frame in container.decode(video=0)] == pytest.approx(times_s, abs=1e-4)


def test_every_frame_is_kept_when_the_size_changes(tmp_path, demo_frames):
    sink = Recording(tmp_path / "out.mp4", 20.0)
    for number, frame in enumerate(demo_frames[:12]):
        sink.write(frame if number < 6 else cv2.resize(frame, (321, 481)), number / 20)
    sink.close()
    frames = frames_of(tmp_path / "out.mp4")
    assert [frame.shape for frame in frames] == [(480, 640, 3)] * 12
    assert not frames[11][:, :100].any()  # beside a portrait


@pytest.mark.parametrize("rate_hz", [2, 7, 30])
def test_an_unfinished_file_lacks_its_last_half_second_whatever_the_camera_gives(tmp_path, demo_frames, rate_hz):
    """The camera states 30 frames a second and gives fewer."""
    sink = Recording(tmp_path / "out.mp4", 30.0)
    for number in range(3 * rate_hz + 1):
        sink.write(demo_frames[number % 60], number / rate_hz)
    (tmp_path / "as killed.mp4").write_bytes((tmp_path / "out.mp4").read_bytes())
    sink.close()
    played = len(frames_of(tmp_path / "as killed.mp4"))
    assert 3 * rate_hz + 1 - played <= max(round(0.5 * rate_hz), 1)


def test_a_killed_process_leaves_a_recording_that_plays_up_to_the_last_half_second(tmp_path, tiny_model, start_live):
    """The demo as it is shown: the file lacks at most what half a second of it holds."""
    out = tmp_path / "out.mp4"
    live = start_live("--port", 0, "--model", tiny_model, "--record", out)
    live.shows(60)
    shown = live.state()["frames"]
    live.end(signal.SIGKILL)
    assert len(frames_of(out)) >= shown - 15
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_files_rotate_by_the_times_of_the_frames_and_only_the_newest_stay(tmp_path, demo_frames):
    (tmp_path / "out-notes.mp4").write_text("not ours")
    for _ in range(2):  # a second run continues the count
        sink = RotatingRecording(tmp_path / "out.mp4", 1 / 60, 3, lambda path: Recording(path, 30.0))
        for number, frame in enumerate(demo_frames[:25]):
            sink.write(frame, 50 + number / 10)
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


def test_without_pyav_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    for minutes in (None, 1):
        with pytest.raises(InputError, match="need PyAV: pip install av"):
            open_recording(tmp_path / "out.mp4", 30.0, minutes)
