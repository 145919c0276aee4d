from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.preview.viewers import MOST_VIEWERS
from facetoon.edge_runtime.serving.server import PreviewServer


@pytest.fixture
def server(sink, app):
    preview_server = PreviewServer(app, "127.0.0.1", 0)
    preview_server.start()
    yield preview_server
    sink.close()
    preview_server.stop()


def ask(server, path):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    connection.request("GET", path, headers={"Connection": "close"})
    return connection.getresponse()  # owns the socket and closes it when read to the end


def read(server, path):
    with ask(server, path) as answer:
        return answer, answer.read()


def patch(server, body, media_type="application/json"):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    connection.request("PATCH", "/api/state", body, {"Content-Type": media_type, "Connection": "close"})
    with connection.getresponse() as answer:
        return answer.status, answer.read()


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
    for path in ("/static/base.css", "/static/preview.css", "/static/preview.js"):
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


def test_state_is_read_and_changed(server, live):
    state = json.loads(read(server, "/api/state")[1])
    assert state | live.state() == state
    assert state["viewers"] == 0
    assert state["resident_bytes"] > 10e6
    changed = patch(server, b'{"strength": 0.25}')
    assert changed[0] == 200
    assert json.loads(changed[1])["settings"]["strength"] == 0.25 == live.settings["strength"]
    models = json.loads(read(server, "/api/models")[1])
    assert models["model"] == "a"
    assert [model["name"] for model in models["models"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "media_type", "status", "sentence"),
    [
        (b'{"strength": 2}', "application/json", 400, "The strength is a number from 0 to 1."),
        (b"[1]", "application/json", 400, "A change is a JSON object of settings."),
        (b"{", "application/json", 400, "The body is not JSON."),
        (b"\xff", "application/json", 400, "The body is not JSON."),
        (b'{"a":' + b"[" * 9000, "application/json", 400, "The body is nested too deeply."),
        (b'{"strength": NaN}', "application/json", 400, "The body is not JSON."),
        (b"strength=1", "application/x-www-form-urlencoded", 415, "A change is sent as application/json."),
    ],
)
def test_a_wrong_change_is_one_sentence(server, live, body, media_type, status, sentence):
    answer, text = patch(server, body, media_type)
    assert (answer, json.loads(text)) == (status, {"error": sentence})
    assert live.settings["strength"] == 1.0


def test_a_body_that_is_too_large_is_refused_unread(server):
    assert patch(server, b" " * 20_000)[0] == 413


def test_probes_tell_running_and_ready(server, sink, live):
    assert read(server, "/healthz")[0].status == 200
    assert read(server, "/readyz")[0].status == 503
    sink.write(grey(1))
    assert read(server, "/readyz")[0].status == 200
    live.running = False
    assert read(server, "/healthz")[0].status == 503
    assert read(server, "/readyz")[0].status == 503


@pytest.mark.parametrize("path", ["/nothing", "/static/../app.py", "/static/%2e%2e/app.py", "/static/%2fetc/passwd"])
def test_no_path_leads_to_another_file(server, path):
    answer, body = read(server, path)
    assert answer.status == 404
    assert json.loads(body) == {"error": "Not Found."}


def test_metrics_are_prometheus(server, sink):
    sink.write(grey(1))
    watching = ask(server, "/stream.mjpg")
    next_picture(watching)
    families = {f.name: f for f in text_string_to_metric_families(read(server, "/metrics")[1].decode())}
    watching.close()
    values = {name: family.samples[0].value for name, family in families.items()}
    assert values["facetoon_frames"] == 3
    assert values["facetoon_dropped_frames"] == 1
    assert values["facetoon_faces"] == 2
    assert values["facetoon_viewers"] == 1
    assert values["facetoon_output_failing"] == 1
    assert values["facetoon_output_failing_since_seconds"] == 1767225610
    assert families["facetoon_output_lost_frames"].samples[0].labels == {"output": 'the recording "a".mp4'}
    assert values["process_resident_memory_bytes"] > 10e6
    quantiles = {s.labels["quantile"]: s.value for s in families["facetoon_stage_seconds"].samples}
    assert quantiles == {"0.5": 0.0125, "0.95": 0.02}


def test_more_viewers_than_places_are_told_so(server, sink, wait_until):
    sink.write(grey(1))
    viewers = [ask(server, "/stream.mjpg") for _ in range(MOST_VIEWERS)]
    answer, body = read(server, "/stream.mjpg")
    assert answer.status == 503
    assert answer.getheader("Retry-After") == "10"
    assert "viewers already" in json.loads(body)["error"]
    for viewer in viewers:
        viewer.close()

    def nobody_watches():
        sink.write(grey(1))  # only sending shows that a viewer has left
        return json.loads(read(server, "/api/state")[1])["viewers"] == 0

    wait_until(nobody_watches)


def test_a_question_for_the_head_of_the_stream_takes_no_place(app, server):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    for _ in range(MOST_VIEWERS + 1):
        connection.request("HEAD", "/stream.mjpg")
        with connection.getresponse() as answer:
            assert answer.status == 200
    connection.close()
    assert app.config["VIEWERS"].count == 0


def test_a_port_in_use_is_one_sentence(app):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            PreviewServer(app, "127.0.0.1", port)


def test_stop_frees_the_port_under_a_running_stream(sink, app):
    server = PreviewServer(app, "127.0.0.1", 0)
    server.start()
    sink.write(grey(1))
    viewer = ask(server, "/stream.mjpg")
    next_picture(viewer)
    sink.close()
    server.stop()
    viewer.close()
    with socket.create_server(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))):
        pass
