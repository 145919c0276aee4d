"""Network cameras, stills and films, served by a server of our own."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sources import cameras
from facetoon.edge_runtime.sources.source import open_source


class MjpegServer(ThreadingHTTPServer):
    """A network camera: three frames to each viewer, then the line is cut; or a refusal."""

    refusing = False
    served = 0
    files: dict[str, bytes] = {}  # noqa: RUF012  # set anew by each test


class MjpegHandler(BaseHTTPRequestHandler):
    jpeg = cv2.imencode(".jpg", np.full((120, 160, 3), 99, np.uint8))[1].tobytes()

    def do_GET(self):
        self.server.served += 1
        if self.server.refusing:
            self.send_error(503)
            return
        name = self.path.partition("?")[0]
        if name in self.server.files:
            self.send_response(200)
            self.send_header("Content-Length", len(self.server.files[name]))
            self.end_headers()
            self.wfile.write(self.server.files[name])
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
    camera = open_source(address)
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
        open_source(f"http://127.0.0.1:{network_camera.server_address[1]}/cam.mjpg")


def test_a_still_picture_is_asked_for_again_and_again(network_camera, monkeypatch):
    waits = []
    monkeypatch.setattr("facetoon.edge_runtime.sources.streams.time.sleep", waits.append)
    network_camera.files = {"/snap.jpg": MjpegHandler.jpeg}
    camera = open_source(f"http://user:secret@127.0.0.1:{network_camera.server_address[1]}/snap.jpg?token=1")
    frames = [camera.read() for _ in range(6)]
    assert all(cv2.absdiff(frame, np.full((120, 160, 3), 99, np.uint8)).max() < 3 for frame in frames)
    assert camera.live
    assert camera.losses == 0
    assert network_camera.served == 7  # one more to see what it is
    assert max(waits) <= 0.2
    network_camera.refusing = True
    assert not (camera.read() == 99).all()  # "no video"
    camera.close()


def test_a_film_at_an_address_plays_once_and_ends(network_camera, needs_program, tmp_path):
    flags = "-f lavfi -i testsrc=size=64x48:rate=25:duration=0.4 -c:v libx264 -movflags +faststart"
    command = [needs_program("ffmpeg", "ffmpeg"), "-v", "error", *flags.split(), str(tmp_path / "film.mp4")]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    network_camera.files = {"/film.mp4": (tmp_path / "film.mp4").read_bytes()}
    source = open_source(f"http://127.0.0.1:{network_camera.server_address[1]}/film.mp4")
    assert not source.live
    assert [source.read() is not None for _ in range(12)] == [True] * 10 + [False] * 2
    assert source.time_s == pytest.approx(9 / 25)
    source.close()
