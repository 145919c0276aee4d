"""Mutants of requests through the real server, and hostile settings: an answer that is no fault of ours, or none."""

from __future__ import annotations

import itertools
import json
import selectors
import socket
from urllib.parse import urlsplit

import numpy as np
import pytest

from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.cartoon.settings import setting_names
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.preview.access import Access
from facetoon.edge_runtime.preview.app import create_app
from facetoon.edge_runtime.serving import wsgi_bridge
from facetoon.edge_runtime.serving.server import PreviewServer
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.sinks.sink import PreviewSink
from facetoon.edge_runtime.sources.source import open_source
from facetoon.edge_runtime.timing import StageTimer

TOKEN = "a token nobody guesses"
AT_ONCE = 40
CHANGE = json.dumps({"strength": 0.5, "split": None, "style": {"plain": 0.7, "photo": 0.3}, "mirror": True, "turn": 90})
CHANGES = (CHANGE, '{"style": "plain:0.6,photo:0.4", "faces": 3}', '{"random_seed": 7, "mode": "face", "morph_s": 1e1}')
ENDING = "Host: localhost\r\nConnection: close\r\n"
KNOWN = f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
REQUESTS = (
    f"PATCH /api/state HTTP/1.1\r\n{ENDING}{KNOWN}Content-Length: {len(CHANGE)}\r\n\r\n{CHANGE}",
    f"PATCH /api/state HTTP/1.1\r\n{ENDING}{KNOWN}Transfer-Encoding: chunked\r\n\r\n"
    f"{len(CHANGE):x}\r\n{CHANGE}\r\n0\r\n\r\n",
    f"GET /stream.mjpg?bare&token={TOKEN} HTTP/1.1\r\n{ENDING}\r\n",
    f"GET /view HTTP/1.1\r\n{ENDING}Accept: text/html\r\nCookie: facetoon=0; a=b\r\n\r\n",
    f"POST /token HTTP/1.1\r\n{ENDING}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\n\r\n"
    "token=a&next=%2Fview",
)
STRANGER = f"GET /api/state?token=wrong HTTP/1.1\r\n{ENDING}Cookie: facetoon=0\r\nAuthorization: Bearer wrong\r\n\r\n"
HOSTILE = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        1e308,
        -1e308,
        10**400,
        2**63,
        "",
        "\x00",
        "x" * 9000,
        "\ud800",
        "<b>",
        ":",
        [],
        [[[]]],
        {},
    ),
    *("plain:1e308,photo:1e308", "plain:nan", "plain:-1", {"a": {"b": {}}}, {"plain": 1e308, "photo": 1e308}, {"": 1}),
)
NESTED = (b"[" * 9000, b'{"a":' * 2700, b'{"faces":' + b"1" * 9000 + b"}", b'{"faces": -0e99999}')


@pytest.fixture
def app(tiny_model):
    sink, timer = PreviewSink(), StageTimer()
    sink.write(np.zeros((48, 64, 3), np.uint8))
    sink.close()  # so that streams end
    cartoonizer = Cartoonizer(open_session(tiny_model.with_name("tiny-32-styles.tflite")), FaceFinder(), timer)
    loop = LiveLoop(open_source("demo"), cartoonizer, [sink], timer)
    return create_app(sink, loop, Access("0.0.0.0", TOKEN))


@pytest.fixture
def client(app):
    """A client that knows the token."""
    client = app.test_client()
    client.get("/healthz", query_string={"token": TOKEN})
    return client


@pytest.fixture
def server(app, monkeypatch):
    for name in ("HEADER_S", "BODY_S"):
        monkeypatch.setattr(wsgi_bridge, name, 0.2)
    running = PreviewServer(app, "127.0.0.1", 0)
    running.start()
    yield running
    running.stop()


def answers_of(server, requests):
    """What the server answers to each request until it closes the connection; AT_ONCE of them at a time."""
    address = ("127.0.0.1", urlsplit(server.url).port)
    requests = iter(requests)
    while batch := list(itertools.islice(requests, AT_ONCE)):
        with selectors.DefaultSelector() as open_lines:
            for request in batch:
                line = socket.create_connection(address)
                line.sendall(request)
                line.setblocking(False)
                open_lines.register(line, selectors.EVENT_READ, bytearray())
            while open_lines.get_map():
                ready = open_lines.select(60)
                assert ready, "a connection stayed open"
                for key, _ in ready:
                    if not received(key.fileobj, key.data):
                        open_lines.unregister(key.fileobj)
                        key.fileobj.close()
                        yield bytes(key.data)


def received(line, answer):
    """Append what has come to the answer; False at the connection's end, which may be a reset."""
    try:
        data = line.recv(1 << 16)
    except ConnectionResetError:
        return False
    answer += data
    return bool(data)


def status_of(answer):
    """The status of an answer, or 0 without one."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_a_mutant_of_a_request_is_answered_or_dropped(server, mutants):
    statuses = []
    for number, request in enumerate(REQUESTS):
        mutated = mutants(request.encode(), number * 10**6, share=1 / len(REQUESTS))
        statuses += [status_of(answer) for answer in answers_of(server, mutated)]
    assert [status for status in statuses if status >= 500] == []
    assert {200, 400, 401} <= set(statuses)
    probe = f"GET /healthz HTTP/1.1\r\n{ENDING}\r\n".encode()
    assert b"stopped" in next(answers_of(server, [probe]))  # answered: the loop was never started


def test_a_mutant_of_a_strangers_request_opens_nothing(server, mutants):
    for answer in answers_of(server, mutants(STRANGER.encode(), 10**7)):
        assert b'"settings"' not in answer
        assert status_of(answer) < 500 or b"no frame" in answer or b"stopped" in answer


@pytest.mark.parametrize("body", CHANGES)
def test_a_mutant_of_a_change_is_taken_or_refused_in_a_sentence(client, mutants, body):
    statuses = []
    for mutant in mutants(body.encode(), 2 * 10**7, share=1 / len(CHANGES)):
        statuses.append(answered(client, mutant))
    assert {200, 400} == set(statuses)


def answered(client, body):
    """Send a change; the status of its answer, which is whole JSON."""
    answer = client.patch("/api/state", data=body, content_type="application/json")
    values = json.loads(answer.data, parse_constant=pytest.fail)
    if answer.status_code != 200:
        assert answer.status_code == 400
        assert "\n" not in values["error"]
        assert len(values["error"]) < 600
    return answer.status_code


@pytest.mark.parametrize("key", [*setting_names(), "random_seed", "model", "\x00", "\ud800", "<b>" * 999])
def test_a_hostile_setting_is_taken_or_refused_in_a_sentence(client, key):
    for value in HOSTILE:
        answered(client, json.dumps({key: value}))
        style = client.get("/api/state").json["settings"]["style"]
        assert sum(style.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "body", [b"[" * 9000, b'{"a":' * 2700, b'{"faces":' + b"1" * 9000 + b"}", b'{"faces": -0e99999}']
)
def test_a_hostile_body_is_taken_or_refused_in_a_sentence(client, body):
    answered(client, body)
