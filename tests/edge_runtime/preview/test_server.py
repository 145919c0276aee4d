from __future__ import annotations

import socket
import ssl
import threading
import time
import urllib.request

import numpy as np
import pytest
import trustme
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.preview.server import PreviewServer


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def https(authority, app, sink, tmp_path):
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    for part in issued.cert_chain_pems:
        part.write_to_path(certificate, append=True)
    issued.private_key_pem.write_to_path(key)
    server = PreviewServer(app, "127.0.0.1", 0, certificate, key)
    server.start()
    yield server
    sink.close()
    server.stop()


@pytest.fixture
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def address(server):
    return "127.0.0.1", int(server.url.rsplit(":", 1)[1])


def test_https_streams_the_picture(https, sink, trusting):
    assert https.url.startswith("https://")
    sink.write(np.zeros((48, 64, 3), np.uint8))
    with urllib.request.urlopen(f"{https.url}/stream.mjpg", context=trusting, timeout=5) as stream:
        assert b"image/jpeg" in stream.read(100)


def test_a_client_that_says_nothing_keeps_nobody_out(https, trusting):
    with socket.create_connection(address(https)), socket.create_connection(address(https)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        start = time.monotonic()
        with urllib.request.urlopen(f"{https.url}/healthz", context=trusting, timeout=5) as answer:
            assert answer.read() == b"ok\n"
        assert time.monotonic() - start < 4  # cheroot's own handshake would wait for its timeout of ten seconds


def test_https_refuses_old_protocols(https):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(address(https)) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw)


def test_a_useless_certificate_is_one_sentence(app, tmp_path):
    wrong = tmp_path / "wrong.pem"
    with pytest.raises(InputError, match="No such file"):
        PreviewServer(app, "127.0.0.1", 0, wrong)
    wrong.write_text("no certificate")
    with pytest.raises(InputError, match="no PEM pair"):
        PreviewServer(app, "127.0.0.1", 0, wrong)


def test_half_requests_and_long_headers_harm_nobody(app):
    server = PreviewServer(app, "127.0.0.1", 0)
    server.start()
    try:
        clients = [socket.create_connection(address(server)) for _ in range(4)]
        for client, text in zip(
            clients, (b"", b"GET", b"\x16\x03\x01garbage\r\n\r\n", b"GET / HTTP/1.1\r\nA: "), strict=True
        ):
            client.sendall(text)
        clients[3].sendall(b"x" * 20_000 + b"\r\n\r\n")
        assert b"413" in clients[3].recv(100)
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=5) as answer:
            assert answer.read() == b"ok\n"
        for client in clients:
            client.close()
    finally:
        server.stop()


def test_stop_does_not_wait_for_a_stalled_viewer(app, sink):
    server = PreviewServer(app, "127.0.0.1", 0)
    server.start()
    with socket.create_connection(address(server)) as stalled:
        stalled.sendall(b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
        sink.write(noise)
        stalled.recv(100)
        for _ in range(60):  # more than the sockets' buffers hold
            sink.write(noise)
            time.sleep(0.01)
        sink.close()
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 3


def test_ten_viewers_and_a_stalled_one_share_one_encode(app, sink, monkeypatch):
    """The writer hands over one JPEG and waits for nobody, however many watch and however one of them stalls."""
    server = PreviewServer(app, "127.0.0.1", 0)
    server.start()
    encoded = []
    encode = pixels.encode_jpeg
    monkeypatch.setattr(pixels, "encode_jpeg", lambda *what: encoded.append(1) or encode(*what))
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8)
    sink.write(noise)
    viewers = [socket.create_connection(address(server)) for _ in range(10)]
    for viewer in viewers:
        viewer.sendall(b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        viewer.recv(100)
    seen = [0] * 9
    done = threading.Event()

    def watch(number):  # the tenth reads nothing more
        while not done.is_set():
            seen[number] += viewers[number].recv(1 << 16).count(b"image/jpeg")

    threads = [threading.Thread(target=watch, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        sink.write(noise)
        time.sleep(0.005)
    done.set()
    sink.close()
    server.stop()
    for thread, viewer in zip([*threads, None], viewers, strict=True):
        if thread:
            thread.join()
        viewer.close()
    assert len(encoded) == 201
    assert min(seen) > 10
