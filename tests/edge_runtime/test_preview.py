from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from edge_runtime.errors import InputError
from edge_runtime.preview.app import create_app
from edge_runtime.preview.server import PreviewServer
from edge_runtime.sinks import PreviewSink

STATE = {"running": True, "source": "test", "frames": 1}


@pytest.fixture
def sink():
    preview = PreviewSink()
    yield preview
    preview.close()


@pytest.fixture
def server(sink):
    preview_server = PreviewServer(create_app(sink, lambda: STATE), "127.0.0.1", 0)
    preview_server.start()
    yield preview_server
    sink.close()
    preview_server.stop()


def ask(server, path):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    connection.request("GET", path, headers={"Connection": "close"})
    return connection.getresponse()  # owns the socket and closes it when read to the end


def read(server, path):
    with ask(server, path) as answer:
        return answer, answer.read()


def grey(level):
    return np.full((48, 64, 3), level, np.uint8)


def next_picture(answer):
    """The next JPEG of a multipart stream, decoded."""
    while not (line := answer.readline()).startswith(b"Content-Length"):
        assert line, "the stream ended"
    length = int(line.split(b":")[1])
    answer.readline()
    return cv2.imdecode(np.frombuffer(answer.read(length), np.uint8), cv2.IMREAD_COLOR)


def test_page_names_only_its_own_resources(server):
    answer, text = read(server, "/")
    assert answer.status == 200
    assert "default-src 'self'" in answer.getheader("Content-Security-Policy")
    assert b"http://" not in text
    assert b"https://" not in text
    for path in ("/static/preview.css", "/static/preview.js"):
        assert path.encode() in text
        assert read(server, path)[0].status == 200


def test_snapshot_waits_for_the_first_frame(server, sink):
    assert read(server, "/snapshot.jpg")[0].status == 503
    sink.write(grey(200))
    answer, body = read(server, "/snapshot.jpg")
    assert answer.getheader("Content-Type") == "image/jpeg"
    assert cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR).mean() == pytest.approx(200, abs=2)


def test_stream_shows_each_new_frame_to_every_viewer(server, sink):
    sink.write(grey(10))
    viewers = [ask(server, "/stream.mjpg") for _ in range(3)]
    assert "multipart/x-mixed-replace" in viewers[0].getheader("Content-Type")
    for level in (10, 120, 240):
        sink.write(grey(level))
        for viewer in viewers:
            while abs(next_picture(viewer).mean() - level) > 3:
                pass
    for viewer in viewers:
        viewer.close()


def test_a_stalled_viewer_holds_up_nobody_and_later_sees_the_newest(server, sink):
    """One viewer reads nothing while 600 noisy frames (about 20 MB) pass; another follows them all the while."""
    random = np.random.default_rng(1)
    noise = random.integers(0, 256, (240, 320, 3), np.uint8)
    sink.write(noise)
    stalled = ask(server, "/stream.mjpg")
    follower = ask(server, "/stream.mjpg")
    for _ in range(600):
        sink.write(noise)
    sink.write(grey(250))
    for _ in range(700):
        if next_picture(follower).mean() > 245:
            break
    else:
        pytest.fail("the follower never saw the newest frame")
    old = 0
    while next_picture(stalled).mean() < 245:
        old += 1
    assert old < 200  # socket buffers hold some; the rest was skipped
    stalled.close()
    follower.close()


def test_state_and_health(server, monkeypatch):
    assert json.loads(read(server, "/api/state")[1]) == STATE
    assert read(server, "/healthz")[0].status == 200
    monkeypatch.setitem(STATE, "running", False)
    assert read(server, "/healthz")[0].status == 503
    assert read(server, "/nothing")[0].status == 404


def test_a_port_in_use_is_one_sentence(sink):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            PreviewServer(create_app(sink, dict), "127.0.0.1", port)


def test_stop_frees_the_port_under_a_running_stream(sink):
    server = PreviewServer(create_app(sink, dict), "127.0.0.1", 0)
    server.start()
    sink.write(grey(1))
    viewer = ask(server, "/stream.mjpg")
    next_picture(viewer)
    sink.close()
    server.stop()
    viewer.close()
    with socket.create_server(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))):
        pass
