"""Serves the preview from a thread with an event loop, by Tornado's HTTP; docs/PREVIEW.md says why.

Ten viewers of a 640x480 stream share the loop's thread: a frame wakes it once.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from functools import partial
from pathlib import Path
from typing import Any

from tornado.iostream import IOStream
from tornado.netutil import add_accept_handler

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.serving import wsgi_bridge
from facetoon.edge_runtime.serving.tls import FirstByte, open_certificate
from facetoon.edge_runtime.serving.visitors import Visit
from facetoon.edge_runtime.serving.wsgi_bridge import Bridge, WsgiApp

LAST_ANSWERS_S = 1.0


class PreviewServer:
    """Listens from its construction, and answers from `start` on."""

    def __init__(
        self, app: WsgiApp, host: str, port: int, certificate: Path | None = None, key: Path | None = None
    ) -> None:
        """Port 0 takes any free one. With `certificate` (a PEM chain) and `key` it speaks HTTPS.

        Raises InputError when the address or the certificate cannot be used.
        """
        self._context = open_certificate(certificate, key) if certificate else None
        self._listener = _listen(host, port)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._listener.getsockname()[1]}"
        self._bridge = Bridge(app)
        self._running = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="preview", daemon=True)

    def start(self) -> None:
        """Answer requests."""
        self._thread.start()
        self._running.wait()

    def stop(self) -> None:
        """Close the port and every connection; idempotent. Close the sink first: that ends the running streams."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join()
            self._bridge.close()

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        stop_accepting = add_accept_handler(self._listener, self._accept)
        self._running.set()
        await self._ending.wait()
        stop_accepting()
        self._listener.close()
        await self._bridge.end(LAST_ANSWERS_S)

    def _accept(self, raw: socket.socket, address: tuple[Any, ...]) -> None:
        visit = Visit(address[0], raw.close)
        if self._context is None:
            self._bridge.serve(IOStream(raw), visit)
        else:
            take = partial(self._serve_stream, visit)
            visit.close = FirstByte(raw, self._context, wsgi_bridge.HEADER_S, take).close
        self._bridge.visitors.wait(visit)

    def _serve_stream(self, visit: Visit, stream: IOStream | None) -> None:
        if stream is None:
            self._bridge.visitors.leave(visit)
        else:
            self._bridge.serve(stream, visit)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else "a port is a number from 0 to 65535"
        if isinstance(error, socket.gaierror):
            reason = "no such address"
        raise InputError(f"The preview cannot listen on {host}:{port}: {reason}.") from None
    listener.setblocking(False)
    return listener
