"""Serve the preview from a thread, with waitress: pure Python, made for production."""

from __future__ import annotations

import socket
import threading
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from edge_runtime.errors import InputError

VIEWERS = 12  # a stream holds one of waitress's threads for as long as it is watched


class PreviewServer:
    """Listens from the moment it is made; `start` begins to answer."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        """Port 0 takes any free one. Raises InputError when the address cannot be had."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, port), family=family)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "a port is a number from 0 to 65535"
            raise InputError(f"The preview cannot listen on {host}:{port}: {reason}.") from None
        self.url = f"http://{f'[{host}]' if family == socket.AF_INET6 else host}:{listener.getsockname()[1]}"
        self._channels: dict[int, Any] = {}
        # Without a small buffer, waitress would hold 16 MB of old frames for a slow viewer before it waits.
        self._server = create_server(
            app, self._channels, sockets=[listener], threads=VIEWERS + 4, outbuf_high_watermark=65536, ident=None
        )
        self._thread = threading.Thread(target=self._server.run, name="preview", daemon=True)

    def start(self) -> None:
        """Answer requests."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the port and of every connection; running streams must have ended with their sink."""
        self._server.task_dispatcher.shutdown(timeout=1)
        # Sockets belong to the server's own loop, so it is the loop that closes them, and then has nothing left to do.
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._channels))
        self._thread.join()
