"""Serves the preview from a thread, with cheroot: pure Python, made for production, HTTPS included.

For ten viewers of a 640x480 stream, cheroot took 1.9 to 2.1 ms of CPU a frame. Waitress, which has no TLS, took 2.2 to
2.3 ms.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

from cheroot import wsgi
from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.ssl.builtin import BuiltinSSLAdapter
from flask import Flask

from facetoon.edge_runtime.errors import InputError

VIEWERS = 16  # each watched stream holds a thread, so the app refuses more
SPARE_THREADS = 8  # for the page and the API beside VIEWERS streams
LARGEST_HEADER_BYTES = 16 * 1024
LARGEST_BODY_BYTES = 16 * 1024  # where a path does not take more
LINGER_S = 2.0  # for the rest of a body that was refused
TIMEOUT_S = 10.0  # clients that send and take nothing for this long are dropped

log = logging.getLogger(__name__)


class PreviewServer:
    """Listens from its construction, and answers from `start` on."""

    def __init__(
        self, app: Flask, host: str, port: int, certificate: Path | None = None, key: Path | None = None
    ) -> None:
        """Port 0 takes any free one. With `certificate` (a PEM chain) and `key` it speaks HTTPS.

        Raises InputError when the address or the certificate cannot be used.
        """
        self._connections: set[_Connection] = set()
        self._server = _Server((host, port), app, numthreads=VIEWERS + SPARE_THREADS, shutdown_timeout=1)
        self._server.request_queue_size = 64
        self._server.timeout = TIMEOUT_S
        self._server.max_request_header_size = LARGEST_HEADER_BYTES
        self._server.ConnectionClass = self._connect
        if certificate is not None:
            self._server.ssl_adapter = _open_certificate(certificate, key)
        self._server.listener = _listen(host, port)
        self._server.prepare()
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._server.bind_addr[1]}"
        self._thread = threading.Thread(target=self._server.serve, name="preview", daemon=True)

    def start(self) -> None:
        """Answer requests."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection. Close the sink first: that ends the running streams."""
        for connection in tuple(self._connections):
            connection.hang_up()  # otherwise a thread that writes to a stalled viewer waits for its timeout
        self._server.stop()
        self._thread.join()

    def _connect(self, *arguments: Any) -> _Connection:
        connection = _Connection(*arguments, owner=self._connections)
        self._connections.add(connection)
        return connection


class _Server(wsgi.Server):
    """Uses our own listening socket, since cheroot's loses the reason why an address cannot be used."""

    listener: socket.socket

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:
        self.socket = self.listener
        self.bind_addr = self.resolve_real_bind_addr(self.socket)
        return self.socket

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        # cheroot reports faults of clients, such as half a request or a dropped handshake. They are no errors of ours,
        # and never hold an address with a token.
        log.debug(msg, exc_info=traceback)


class _Request(HTTPRequest):
    """A request whose body the app may refuse unread. cheroot would read all of it into memory first."""

    def send_headers(self) -> None:
        if self.chunked_read or getattr(self.rfile, "remaining", 0) > LARGEST_BODY_BYTES:
            self.close_connection = self.conn.lingers = True
        super().send_headers()


class _Connection(HTTPConnection):
    """A connection that the server can end."""

    RequestHandlerClass = _Request
    lingers = False
    """Whether the client may still be sending: closed at once, it would lose the answer."""

    def __init__(self, *arguments: Any, owner: set[_Connection]) -> None:
        super().__init__(*arguments)
        self._owner = owner

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):  # it may have just ended by itself
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._owner.discard(self)
        if self.lingers:
            self._linger()
        super().close()

    def _linger(self) -> None:
        """Drop what the client still sends, for LINGER_S, so that it comes to read the answer (RFC 9112, 9.6)."""
        end_s = time.monotonic() + LINGER_S
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            while (left_s := end_s - time.monotonic()) > 0:
                self.socket.settimeout(left_s)
                if not self.socket.recv(LARGEST_BODY_BYTES):
                    return


class _Certificate(BuiltinSSLAdapter):
    """TLS with the handshake in a worker's first read.

    cheroot does it in the thread that accepts connections, where a silent client would block all others.
    """

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        wrapped = self.context.wrap_socket(
            sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
        )
        return wrapped, {"wsgi.url_scheme": "https", "HTTPS": "on"}


def _open_certificate(certificate: Path, key: Path | None) -> _Certificate:
    try:
        adapter = _Certificate(str(certificate), str(key or certificate))
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else "it is no PEM pair"
        raise InputError(f"The certificate {certificate} with the key {key or certificate}: {reason}.") from None
    adapter.context.minimum_version = ssl.TLSVersion.TLSv1_2
    return adapter


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else "a port is a number from 0 to 65535"
        if isinstance(error, socket.gaierror):
            reason = "no such address"
        raise InputError(f"The preview cannot listen on {host}:{port}: {reason}.") from None
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a frame's last bytes must not wait for more
    return listener
