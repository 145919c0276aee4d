"""TLS of the server, and plain HTTP on the same port."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from tornado.iostream import IOStream, SSLIOStream

from facetoon.edge_runtime.errors import InputError

HANDSHAKE = b"\x16"  # the first byte of TLS, RFC 8446 section 5.1; no request begins with it


def open_certificate(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Read a PEM chain and its key, by default of the same file. Raises InputError when they cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # With an empty pass phrase an encrypted key is refused; without one OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else "it is no PEM pair"
        raise InputError(f"The certificate {certificate} with the key {key or certificate}: {reason}.") from None
    return context


class FirstByte:
    """Waits for a connection's first byte, which tells TLS from plain HTTP, and makes the stream of that kind."""

    def __init__(
        self, raw: socket.socket, context: ssl.SSLContext, timeout_s: float, take: Callable[[IOStream | None], None]
    ) -> None:
        """`take` gets the stream, or None for a connection that ends first or sends nothing for `timeout_s`."""
        raw.setblocking(False)
        self._raw, self._context, self._take = raw, context, take
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(timeout_s, self.close)
        self._loop.add_reader(raw, self._look)

    def _look(self) -> None:
        try:
            first = self._raw.recv(1, socket.MSG_PEEK)
        except OSError:  # reset by the client
            first = b""
        if not first:
            self.close()
            return
        self._end()
        if first == HANDSHAKE:
            raw = self._context.wrap_socket(self._raw, server_side=True, do_handshake_on_connect=False)
            self._take(SSLIOStream(raw, ssl_options=self._context))
        else:
            self._take(IOStream(self._raw))

    def close(self) -> None:
        """End the connection; idempotent."""
        if self._raw.fileno() >= 0:
            self._end()
            self._raw.close()
            self._take(None)

    def _end(self) -> None:
        self._timer.cancel()
        self._loop.remove_reader(self._raw)
