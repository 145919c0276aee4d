"""Clients that send or read slowly, or not at all, and requests at the limits."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from urllib.parse import urlsplit

import numpy as np
import pytest

from facetoon.edge_runtime.serving import visitors, wsgi_bridge

HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
UNFINISHED = {
    "silent": b"",
    "half a line": b"GET /api/st",
    "half a header": b"GET / HTTP/1.1\r\nHost: local",
    "half a body": b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Content-Length: 400\r\n\r\n{",
    "half a chunk": b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{",
}


@pytest.fixture
def connect(patience_s):
    """Connects to a server and sends what it is given."""
    with ExitStack() as lines:

        def open_line(server, text=b""):
            line = lines.enter_context(
                socket.create_connection(("127.0.0.1", urlsplit(server.url).port), timeout=patience_s)
            )
            line.sendall(text)
            return line

        yield open_line


@pytest.fixture
def ask(trusting, patience_s):
    """Asks a server: the status and the body of its answer."""

    def answer_of(server, path, method="GET", body=None, headers=()):
        parts = urlsplit(server.url)
        if parts.scheme == "https":
            line = http.client.HTTPSConnection(parts.netloc, timeout=patience_s, context=trusting)
        else:
            line = http.client.HTTPConnection(parts.netloc, timeout=patience_s)
        line.request(method, path, body, {"Connection": "close", **dict(headers)})
        with line.getresponse() as answer:
            return answer.status, answer.read()

    return answer_of


def ends(line):
    """Whether the server closes the line; it may reset it."""
    try:
        while line.recv(1 << 16):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize("kind", UNFINISHED)
def test_unfinished_requests_keep_nobody_out(preview, connect, ask, kind):
    """24 were enough for the threads of the server before."""
    for _ in range(100):
        connect(preview, UNFINISHED[kind])
    assert ask(preview, "/healthz") == (200, b"ok\n")
    assert ask(preview, "/api/state")[0] == 200


def test_stalled_handshakes_keep_nobody_out(https, connect, ask):
    for _ in range(100):
        connect(https, b"\x16\x03\x01")
    assert ask(https, "/healthz") == (200, b"ok\n")


@pytest.mark.parametrize("kind", UNFINISHED)
def test_an_unfinished_request_has_a_deadline(preview, connect, monkeypatch, kind):
    for name in ("HEADER_S", "BODY_S"):
        monkeypatch.setattr(wsgi_bridge, name, 0.05)
    assert ends(connect(preview, UNFINISHED[kind]))


@pytest.mark.parametrize("text", [b"", b"\x16\x03\x01", b"GET / HT"])
def test_a_handshake_has_a_deadline_too(https, connect, monkeypatch, text):
    monkeypatch.setattr(wsgi_bridge, "HEADER_S", 0.05)
    assert ends(connect(https, text))


def test_a_newcomer_takes_the_place_of_the_longest_waiting(preview, connect, ask, monkeypatch):
    monkeypatch.setattr(visitors, "MOST_WAITING_BY_ADDRESS", 5)
    lines = [connect(preview) for _ in range(6)]
    assert ends(lines[0])
    assert ask(preview, "/healthz") == (200, b"ok\n")


def test_a_viewer_that_takes_nothing_is_dropped(preview, sink, connect, ask, monkeypatch, wait_until):
    monkeypatch.setattr(wsgi_bridge, "TIMEOUT_S", 0.05)
    sink.write(np.random.default_rng(1).integers(0, 256, (3000, 4000, 3), np.uint8))  # more than all buffers hold
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        stalled.connect(("127.0.0.1", urlsplit(preview.url).port))
        stalled.sendall(b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stalled.recv(100)
        wait_until(lambda: json.loads(ask(preview, "/api/state")[1])["viewers"] == 0)


def test_probes_are_answered_while_every_thread_works(serve, ask):
    working, end = threading.Semaphore(0), threading.Event()

    def app(environ, start):
        start("200 OK", [("Content-Length", "2")])
        if environ["PATH_INFO"] == "/work":
            working.release()
            end.wait()
        return [b"ok"]

    server = serve(app)
    threads = [threading.Thread(target=ask, args=(server, "/work")) for _ in range(wsgi_bridge.WORKERS)]
    for thread in threads:
        thread.start()
    for _ in threads:
        working.acquire()
    assert ask(server, "/healthz") == (200, b"ok")
    end.set()
    for thread in threads:
        thread.join()


def test_too_many_requests_of_an_address_are_refused_and_its_probes_are_not(preview, ask, monkeypatch):
    monkeypatch.setattr(visitors, "MOST_ANSWERED_BY_ADDRESS", 0)
    assert ask(preview, "/api/state") == (503, b'{"error": "Too many requests are being answered."}\n')
    assert ask(preview, "/healthz") == (200, b"ok\n")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /api/state?\xff HTTP/1.1\r\n" + HEAD + b"\r\n", 400),
        (b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Content-Length: 999999\r\n\r\n{", 413),
        (b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{", 400),
        (b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n{", 400),
        (b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Content-Length: 1, 2\r\n\r\n{", 400),
        (b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Content-Length: \xb2\r\n\r\n{", 400),
        (b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
         b"5000\r\n" + b" " * 0x5000 + b"\r\n0\r\n\r\n", 413),
        (b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n11\r\n"
         b'{"strength": 0.5}\r\n0\r\n\r\n', 200),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 421),
        (b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n", 400),
        (b"\x16\x03\x01 garbage\r\n\r\n", 400),
    ],
)  # fmt: skip
def test_a_request_at_a_limit_has_its_status(preview, connect, text, status):
    assert connect(preview, text).recv(1000).split(b" ")[1] == str(status).encode()


def test_a_line_serves_one_request_after_another(preview, sink, connect):
    sink.write(np.zeros((48, 64, 3), np.uint8))
    line = connect(preview)
    for path in ("/healthz", "/snapshot.jpg", "/healthz"):
        answer = http.client.HTTPResponse(line)
        line.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode())
        answer.begin()
        assert answer.status == 200
        assert answer.getheader("Date")
        assert len(answer.read()) == int(answer.getheader("Content-Length"))


def test_the_app_sees_the_request_and_no_header_passes_for_another(serve, ask):
    seen = {}

    def app(environ, start):
        seen.update(environ, body=environ["wsgi.input"].read())
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    headers = {"Content-Type": "a/b", "X-Forwarded-For": "c", "X_Evil": "d"}
    assert ask(serve(app), "/a%20b%2Fc?d=%20", "POST", b"body", headers) == (200, b"")
    asked = {"REQUEST_METHOD": "POST", "PATH_INFO": "/a b%2Fc", "QUERY_STRING": "d=%20", "CONTENT_LENGTH": "4"}
    client = {"REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http", "HTTP_X_FORWARDED_FOR": "c", "body": b"body"}
    assert {**asked, **client, "CONTENT_TYPE": "a/b"}.items() <= seen.items()
    assert not [name for name in seen if "EVIL" in name]


def test_an_answer_in_parts_is_closed_even_when_nobody_takes_it(serve, connect, wait_until):
    closed = []

    class Parts:
        def __iter__(self):
            return self

        def __next__(self):
            return b"x" * 100_000

        def close(self):
            closed.append(True)

    def app(environ, start):
        start("200 OK", [])
        return Parts()

    line = connect(serve(app), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    line.recv(100)
    line.close()
    wait_until(lambda: closed)


def test_plain_http_on_the_https_port_is_sent_on(serve, sink, live, connect, trusting, patience_s):
    from facetoon.edge_runtime.preview.access import Access
    from facetoon.edge_runtime.preview.app import create_app

    server = serve(create_app(sink, live, Access("127.0.0.1", secure=True)), secure=True)
    host = urlsplit(server.url).netloc
    for path, expected in (("/healthz", 200), ("/view?a=1", 307)):
        line = connect(server, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == expected
        assert "Strict-Transport-Security" not in answer.headers
    assert answer.getheader("Location") == f"{server.url}/view?a=1"
    with urllib.request.urlopen(answer.getheader("Location"), context=trusting, timeout=patience_s) as page:
        assert page.status == 200
    evil = connect(server, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert b" 421 " in evil.recv(100)


def test_a_failed_handshake_harms_nobody(https, ask):
    untrusting = ssl.create_default_context()
    for _ in range(3):
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(https.url, context=untrusting)
    assert ask(https, "/healthz") == (200, b"ok\n")
