"""toon-live left running, with a network camera whose line is cut again and again, and three viewers, one stalled.

Half a minute in the test run. SOAK_MINUTES=60 pytest -s tests/edge_runtime/service/test_soak.py takes the whole hour.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import psutil
import pytest

MINUTES = float(os.environ.get("SOAK_MINUTES", "0.5"))
WARM_UP_S = min(60.0, MINUTES * 60 * 0.4)
LOSSES = 200 if MINUTES >= 20 else 4
# The first half minute still fills caches, and with each reopening the allocator's arenas of new threads: a reader of
# its own went from 84 MB to 94 in 40 reopenings, and stood at 91 after 60, 100 and 120.
GROWTH_MB = 2.0 if MINUTES >= 20 else 12.0
RATE_HZ = 15


class CutCamera(ThreadingHTTPServer):
    """The demo as an MJPEG camera that hangs up on its viewer every `frames_a_line` frames."""

    daemon_threads = True
    frames_a_line = max(20, int(RATE_HZ * MINUTES * 60 / LOSSES * 0.6))


class CutLine(BaseHTTPRequestHandler):
    jpegs: tuple[bytes, ...] = ()

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            for number in range(self.server.frames_a_line):
                jpeg = self.jpegs[number % len(self.jpegs)]
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                time.sleep(1 / RATE_HZ)
        except OSError:
            return

    def log_message(self, *_):
        pass


def watch(url, stop):
    """A viewer who looks at everything."""
    while not stop.is_set():
        try:
            with urllib.request.urlopen(f"{url}/stream.mjpg", timeout=30) as stream:
                while not stop.is_set() and stream.read(65536):
                    pass
        except (OSError, http.client.HTTPException):  # it ends in the middle of a picture
            time.sleep(0.2)


def stall(url):
    """A viewer who asks and then reads nothing."""
    host, port = re.match(r"http://([^:]+):(\d+)", url).groups()
    line = socket.create_connection((host, int(port)))
    line.sendall(f"GET /stream.mjpg HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    return line


def measured(process):
    return {
        "rss_mb": process.memory_info().rss / 1e6,
        "threads": process.num_threads(),
        "descriptors": process.num_fds(),
    }


@pytest.fixture
def camera_url(demo_frames):
    CutLine.jpegs = tuple(cv2.imencode(".jpg", frame)[1].tobytes() for frame in demo_frames)
    server = CutCamera(("127.0.0.1", 0), CutLine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/camera.mjpg"
    server.shutdown()
    server.server_close()


@pytest.fixture
def viewers():
    """Connects viewers to an address, and disconnects them at the end."""
    stop, stalled = threading.Event(), []

    def add(url, watching=0, stalling=0):
        for _ in range(watching):
            threading.Thread(target=watch, args=(url, stop), daemon=True).start()
        stalled.extend(stall(url) for _ in range(stalling))

    yield add
    stop.set()
    for line in stalled:
        line.close()


def test_nothing_grows_while_the_camera_is_lost_again_and_again(camera_url, start_live, viewers, wait_until):
    live = start_live("--source", camera_url, "--port", 0)
    viewers(live.url, watching=2)
    process, start_s = psutil.Process(live.process.pid), time.monotonic()

    def measured_with_losses(count):
        """While frames flow again after so many losses."""
        wait_until(lambda: live.state()["losses"] >= count)
        live.shows(live.state()["frames"] + 10)
        return measured(process)

    time.sleep(WARM_UP_S)
    first = measured_with_losses(1)
    viewers(live.url, stalling=1)
    time.sleep(max(start_s + MINUTES * 60 - time.monotonic(), 0))
    last, state = measured_with_losses(LOSSES), live.state()
    _, log = live.end()
    print(f"{MINUTES:g} minutes: first {first}, last {last}, losses {state['losses']}, frames {state['frames']}")
    assert live.process.returncode == 0, log
    assert last["rss_mb"] - first["rss_mb"] < GROWTH_MB
    assert last["threads"] <= first["threads"] + 1  # the stalled viewer's
    assert last["descriptors"] <= first["descriptors"] + 3
