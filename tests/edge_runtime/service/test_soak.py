"""toon-live left running: a network camera whose line is cut again and again, viewers, one of them stalled.

Half a minute in the test run; SOAK_MINUTES=60 pytest -s tests/edge_runtime/service/test_soak.py for the whole hour.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import cv2
import psutil

MINUTES = float(os.environ.get("SOAK_MINUTES", "0.5"))
WARM_UP_S = min(60.0, MINUTES * 60 * 0.4)
LOSSES = 200 if MINUTES >= 20 else 4
GROWTH_MB = 2.0 if MINUTES >= 20 else 6.0  # the first half minute still fills caches
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


def test_nothing_grows_while_the_camera_is_lost_again_and_again(demo_frames):
    CutLine.jpegs = tuple(cv2.imencode(".jpg", frame)[1].tobytes() for frame in demo_frames)
    server = CutCamera(("127.0.0.1", 0), CutLine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    source = f"http://127.0.0.1:{server.server_port}/camera.mjpg"
    command = [sys.executable, "-m", "facetoon.edge_runtime", "--source", source, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    stop, stalled = threading.Event(), None
    try:
        url = re.search(r"http://\S+", process.stdout.readline())[0]
        for _ in range(2):
            threading.Thread(target=watch, args=(url, stop), daemon=True).start()
        told, started_s, first = psutil.Process(process.pid), time.monotonic(), None
        for _ in count():
            time.sleep(max(1.0, MINUTES / 2))
            elapsed_s = time.monotonic() - started_s
            if elapsed_s > WARM_UP_S and first is None:
                first = measured(told)
                stalled = stall(url)
            if elapsed_s > MINUTES * 60:
                break
        with urllib.request.urlopen(f"{url}/api/state", timeout=10) as answer:
            state = json.load(answer)
        last = measured(told)
    finally:
        stop.set()
        if stalled:
            stalled.close()
        process.send_signal(signal.SIGTERM)
        summary, _ = process.communicate(timeout=30)
        server.shutdown()
        server.server_close()
    print(f"{MINUTES:g} minutes: first {first}, last {last}, losses {state['losses']}, frames {state['frames']}")
    assert process.returncode == 0, summary
    assert state["losses"] >= LOSSES
    assert last["rss_mb"] - first["rss_mb"] < GROWTH_MB
    assert last["threads"] <= first["threads"] + 1  # the stalled viewer's
    assert last["descriptors"] <= first["descriptors"] + 3
