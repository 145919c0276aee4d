from __future__ import annotations

import logging
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
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
        "No video from camera 0; it will be opened again.",
        "Video from camera 0 again, lost 1 times so far.",
    ]


def test_a_camera_tells_what_was_asked_for_and_what_was_granted(flaky):
    camera = open_camera("0", (640, 480), 30)
    assert camera.details == "camera 0: asked for 640x480 MJPG at 30/s; granted 480x360 YUYV at 25/s"
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


class MjpegServer(ThreadingHTTPServer):
    """A network camera: three frames to each viewer, then the line is cut; or a refusal."""

    refusing = False
    served = 0


class MjpegHandler(BaseHTTPRequestHandler):
    jpeg = cv2.imencode(".jpg", np.full((120, 160, 3), 99, np.uint8))[1].tobytes()

    def do_GET(self):
        self.server.served += 1
        if self.server.refusing:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for _ in range(3):
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(self.jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + self.jpeg + b"\r\n")

    def log_message(self, *_):
        pass


@pytest.fixture
def network_camera():
    with MjpegServer(("127.0.0.1", 0), MjpegHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_two_hundred_cut_lines_of_a_network_camera_leave_no_thread_and_no_descriptor(network_camera, monkeypatch):
    monkeypatch.setattr(cameras.time, "sleep", lambda _: None)
    address = f"http://user:secret@127.0.0.1:{network_camera.server_address[1]}/cam.mjpg?token=1"
    camera = open_camera(address, (640, 480), 30)
    assert camera.name == f"http://127.0.0.1:{network_camera.server_address[1]}/cam.mjpg"
    counts = []
    while camera.losses < 200:
        network_camera.refusing = camera.losses % 5 == 4 and network_camera.served % 2 == 0
        frame = camera.read()
        assert frame.shape == (120, 160, 3)
        camera._next_try_s = 0.0  # no back-off here: the waits are another test's
        if not camera._lost and camera.losses in (20, 199):
            counts.append(_held())
    assert len(counts) >= 2
    first, deadline_s = counts[0], time.monotonic() + 120
    while any(now > before + 2 for now, before in zip(_held(), first, strict=True)):  # the server closes lines late
        assert time.monotonic() < deadline_s, f"{first} descriptors and threads have become {_held()}"
        threading.Event().wait(0.05)
    camera.close()


def _held():
    """Descriptors and threads of this process."""
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))


def test_an_address_that_nobody_answers_is_one_sentence(network_camera):
    network_camera.refusing = True
    with pytest.raises(InputError, match=r"There is no http://127.0.0.1.* that can be opened"):
        open_camera(f"http://127.0.0.1:{network_camera.server_address[1]}/cam.mjpg", (640, 480), 30)


def test_a_device_by_its_name(tmp_path):
    for number, name in ((10, "Loopback"), (2, "HD Webcam C270"), (3, "HD Webcam C270")):
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(f"{name}\n")
    assert device_called("webcam", tmp_path) == "/dev/video2"
    assert device_called("loopback", tmp_path) == "/dev/video10"
    assert device_called("missing", tmp_path) is None
