from __future__ import annotations

import logging
import threading

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.sources import cameras
from facetoon.edge_runtime.sources.cameras import CameraSource, device_called, open_camera


class FlakyCapture:
    """Stands in for a device: two frames, then two failures to reopen, then frames again."""

    opened = 0
    broken = (2, 3)

    def __init__(self, *_):
        FlakyCapture.opened += 1
        self._frames = 2
        self._works = FlakyCapture.opened not in self.broken
        self.asked = []

    def isOpened(self):
        return self._works

    def set(self, key, value):
        self.asked.append((key, value))
        return True

    def get(self, key):
        granted = {cv2.CAP_PROP_FPS: 25.0, cv2.CAP_PROP_FRAME_WIDTH: 480, cv2.CAP_PROP_FRAME_HEIGHT: 360}
        return granted.get(key, float(cv2.VideoWriter.fourcc(*"YUYV")))

    def read(self):
        self._frames -= 1
        return (True, np.full((360, 480, 3), 99, np.uint8)) if self._frames >= 0 else (False, None)

    def release(self):
        pass


@pytest.fixture
def flaky(monkeypatch, clock):
    monkeypatch.setattr(FlakyCapture, "opened", 0)
    monkeypatch.setattr(cameras.cv2, "VideoCapture", FlakyCapture)


def test_a_lost_camera_shows_no_video_and_comes_back(flaky):
    """Two frames, two failed attempts to reopen with a growing wait between them, then two frames again."""
    camera = open_camera("0", (640, 480), 30)
    frames = [camera.read() for _ in range(60)]
    assert {frame.shape for frame in frames} == {(360, 480, 3)}  # granted by the camera, not the requested size
    shown = [(frame == 99).all() for frame in frames]
    assert shown[:3] == [True, True, False]
    first_back = shown.index(True, 2)
    assert 3.3 <= 0.1 * (first_back - 2) <= 3.8  # 0.5 s after the loss, then 1 s, then 2 s
    assert shown[first_back : first_back + 3] == [True, True, False]
    assert camera.losses >= 2


def test_the_log_tells_of_a_loss_and_a_return_once_each(flaky, caplog):
    camera = open_camera("0", (640, 480), 30)
    with caplog.at_level(logging.INFO, "facetoon.edge_runtime"):
        while (camera.read() == 99).all():
            pass
        while not (camera.read() == 99).all():
            pass
    assert [record.getMessage() for record in caplog.records] == [
        "No video from camera 0 (it gives no frame); it will be opened again.",
        "Video from camera 0 again, lost 1 times so far.",
    ]


def test_a_camera_tells_what_was_asked_for_and_what_was_granted(flaky):
    camera = open_camera("0", (640, 480), 30)
    assert camera.details == "camera 0: asked for 640x480 MJPG at 30/s; granted 480x360 YUYV at 25/s by its own word"
    assert camera.rate_hz == 25
    keys = [key for key, _ in camera._capture.asked]
    assert keys[:2] == [cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH]  # MJPG before the size


def test_the_wait_stays_bounded_and_two_hundred_failures_are_survived(flaky, clock, monkeypatch):
    monkeypatch.setattr(FlakyCapture, "broken", range(2, 202))
    dark = np.zeros((360, 480, 3), np.uint8)
    monkeypatch.setattr(cameras, "no_video_frame", lambda *_: dark)  # hours of them: drawing each takes seconds here
    camera = open_camera("0", (640, 480), 30)
    while FlakyCapture.opened < 202:
        assert camera.read() is not None
    assert clock[0] < 201 * (CameraSource.LONGEST_WAIT_S + 0.2)
    assert (camera.read() == 99).all()


def test_a_device_by_its_name(tmp_path):
    for number, name in ((10, "Loopback"), (2, "HD Webcam C270"), (3, "HD Webcam C270")):
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(f"{name}\n")
    assert device_called("webcam", tmp_path) == "/dev/video2"
    assert device_called("loopback", tmp_path) == "/dev/video10"
    assert device_called("missing", tmp_path) is None


class StrangeCapture(FlakyCapture):
    """Gives one proper frame, then what `gives` returns, then proper frames for ever."""

    proper = np.full((360, 480, 3), 99, np.uint8)

    def __init__(self, gives):
        self._answers = iter([lambda: self.proper, gives])

    def isOpened(self):
        return True

    def read(self):
        return True, next(self._answers, lambda: self.proper)()


FAULTS = {
    "None": (lambda: None, "empty frames"),
    "empty": (lambda: np.zeros((0, 0, 3), np.uint8), "empty frames"),
    "float": (lambda: np.zeros((360, 480, 3), np.float32), "float32 in 3 dimensions"),
    "deep": (lambda: np.zeros((360, 480, 3), np.uint16), "uint16 in 3 dimensions"),
    "one pixel": (lambda: np.zeros((1, 1, 3), np.uint8), "1x1"),
    "wild": (lambda: np.zeros((20, 70000, 3), np.uint8), "70000x20"),
    "two channels": (lambda: np.zeros((360, 480, 2), np.uint8), "2 channels"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_frame_that_is_none_shows_no_video_and_says_why(clock, caplog, fault):
    gives, reason = FAULTS[fault]
    cameras_opened = iter([gives])
    camera = CameraSource(
        "camera 0", lambda: StrangeCapture(next(cameras_opened, lambda: StrangeCapture.proper)), "any", 30
    )
    with caplog.at_level(logging.INFO, "facetoon.edge_runtime"):
        frames = [camera.read() for _ in range(10)]
    assert all(frame.shape == (360, 480, 3) and frame.dtype == np.uint8 for frame in frames)
    assert [(frame == 99).all() for frame in frames[:2]] == [True, False]
    assert (frames[-1] == 99).all()
    assert reason in caplog.messages[0]
    assert "Video from camera 0 again" in caplog.messages[-1]
    camera.close()


@pytest.mark.parametrize("shape", [(360, 480), (360, 480, 1), (360, 480, 4)])
def test_grey_and_transparent_frames_become_bgr(clock, shape):
    camera = CameraSource("camera 0", lambda: StrangeCapture(lambda: np.full(shape, 50, np.uint8)), "any", 30)
    camera.read()
    assert (camera.read() == np.full((360, 480, 3), 50)).all()
    camera.close()


def test_a_camera_that_changes_its_size_is_followed_and_said(clock, caplog):
    camera = CameraSource("camera 0", lambda: StrangeCapture(lambda: np.zeros((240, 320, 3), np.uint8)), "any", 30)
    camera.read()
    with caplog.at_level(logging.INFO, "facetoon.edge_runtime"):
        assert camera.read().shape == (240, 320, 3)
    assert caplog.messages == ["camera 0 gives frames of 320x240 now."]
    camera.close()


def test_a_driver_that_blocks_without_an_error_is_left_behind(monkeypatch, caplog):
    monkeypatch.setattr(cameras, "BLOCKED_S", 0.05)
    wake, opened = threading.Event(), []

    def blocks():
        wake.wait()
        return StrangeCapture.proper

    def open_capture():
        opened.append(StrangeCapture(lambda: StrangeCapture.proper if opened[1:] else blocks()))
        return opened[-1]

    camera = CameraSource("camera 0", open_capture, "any", 30)
    camera.read()
    with caplog.at_level(logging.INFO, "facetoon.edge_runtime"):
        assert not (camera.read() == 99).all()
        while not (camera.read() == 99).all():
            pass
    assert "no answer within 0.05 s" in caplog.messages[0]
    assert len(opened) == 2
    camera.close()
    wake.set()
