from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sinks.sink import PreviewSink, RecordingSink


def test_recording_plays_with_every_frame(tmp_path, demo_frames):
    sink = RecordingSink(tmp_path / "out.mp4", 25.0)
    for frame in demo_frames[:10]:
        sink.write(frame)
    sink.close()
    sink.close()
    video = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(25.0)
    for frame in demo_frames[:10]:
        ok, played = video.read()
        assert ok
        assert cv2.PSNR(played, frame) > 28
    assert not video.read()[0]


@pytest.mark.parametrize(("name", "message"), [("out.txt", "is an .mp4 file"), ("no/such/out.mp4", "does not exist")])
def test_impossible_recording_is_refused_at_once(tmp_path, name, message):
    with pytest.raises(InputError, match=message):
        RecordingSink(tmp_path / name, 25.0)
    assert not list(tmp_path.iterdir())


def test_viewers_get_the_newest_and_only_newer_ones():
    sink = PreviewSink()
    assert sink.newest() is None
    assert sink.wait(0, timeout_s=0.01) is None
    for level in (0, 255):
        sink.write(np.full((16, 16, 3), level, np.uint8))
    newest = sink.wait(0, timeout_s=60)
    assert newest.number == 2
    assert cv2.imdecode(np.frombuffer(newest.data, np.uint8), cv2.IMREAD_COLOR).mean() > 250
    assert sink.wait(newest.number, timeout_s=0.01) is None
    sink.close()


def test_close_sends_waiting_viewers_home():
    sink = PreviewSink()
    answers = []
    viewer = threading.Thread(target=lambda: answers.append(sink.wait(0, timeout_s=60)))
    viewer.start()
    sink.close()
    viewer.join(30)
    assert answers == [None]
