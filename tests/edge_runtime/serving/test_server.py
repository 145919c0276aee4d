from __future__ import annotations

import socket
import ssl
import threading
import time
import urllib.request

import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.serving.server import PreviewServer


def address(preview):
    return "127.0.0.1", int(preview.url.rsplit(":", 1)[1])


def test_https_streams_the_picture(https, sink, trusting, patience_s):
    assert https.url.startswith("https://")
    sink.write(np.zeros((48, 64, 3), np.uint8))
    with urllib.request.urlopen(f"{https.url}/stream.mjpg", context=trusting, timeout=patience_s) as stream:
        assert b"image/jpeg" in stream.read(100)


def test_a_client_that_says_nothing_keeps_nobody_out(https, trusting, patience_s):
    with socket.create_connection(address(https)), socket.create_connection(address(https)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with urllib.request.urlopen(f"{https.url}/healthz", context=trusting, timeout=patience_s) as answer:
            assert answer.read() == b"ok\n"


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


def test_half_requests_and_long_headers_harm_nobody(preview, patience_s):
    clients = [socket.create_connection(address(preview)) for _ in range(4)]
    texts = (b"", b"GET", b"\x16\x03\x01garbage\r\n\r\n", b"GET / HTTP/1.1\r\nA: ")
    for client, text in zip(clients, texts, strict=True):
        client.sendall(text)
    clients[3].sendall(b"x" * 20_000 + b"\r\n\r\n")
    assert b"431" in clients[3].recv(100)
    with urllib.request.urlopen(f"{preview.url}/healthz", timeout=patience_s) as answer:
        assert answer.read() == b"ok\n"
    for client in clients:
        client.close()


def test_stop_does_not_wait_for_a_stalled_viewer(preview, sink, patience_s):
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # else it may grow to tens of megabytes
        stalled.connect(address(preview))
        stalled.sendall(b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sink.write(np.random.default_rng(1).integers(0, 256, (3000, 4000, 3), np.uint8))
        assert len(sink.newest().data) > 8e6  # more than both buffers hold
        stalled.recv(100)
        sink.close()
        start_s = time.monotonic()
        preview.stop()
        assert time.monotonic() - start_s < patience_s


def test_nine_viewers_and_a_stalled_one_share_one_encode(preview, sink, monkeypatch, wait_until):
    """The writer hands over one JPEG and waits for nobody, even if one of the viewers stalls."""
    encoded = []
    encode = pixels.encode_jpeg
    monkeypatch.setattr(pixels, "encode_jpeg", lambda *what: encoded.append(1) or encode(*what))
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8)
    sink.write(noise)
    viewers = [socket.create_connection(address(preview)) for _ in range(10)]
    for viewer in viewers:
        viewer.sendall(b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        viewer.recv(100)
    seen = [0] * 9
    done = threading.Event()

    def watch(number):  # the tenth reads nothing more
        while not done.is_set():
            seen[number] += viewers[number].recv(1 << 16).count(b"image/jpeg")

    threads = [threading.Thread(target=watch, args=(number,), daemon=True) for number in range(9)]
    for thread in threads:
        thread.start()

    def all_have_seen_ten():
        sink.write(noise)
        return min(seen) > 10

    wait_until(all_have_seen_ten)
    done.set()
    sink.close()
    preview.stop()
    for thread, viewer in zip([*threads, None], viewers, strict=True):
        if thread:
            thread.join()
        viewer.close()
    assert len(encoded) == sink.newest().number > 10
