from __future__ import annotations

import threading

import cv2
import numpy as np

from facetoon.edge_runtime.sinks.sink import PreviewSink


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


def test_watchers_are_called_at_each_frame_and_at_the_close_until_they_leave():
    sink, calls = PreviewSink(), []
    frame = np.zeros((16, 16, 3), np.uint8)
    with sink.watched(lambda: calls.append(sink.closed)):
        sink.write(frame)
        sink.write(frame)
        sink.close()
    sink.write(frame)
    assert calls == [False, False, True]
