"""Starts the preview from toon-live's flags."""

from __future__ import annotations

import argparse
import socket
from urllib.parse import quote

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.preview.access import Access, is_loopback, make_token
from facetoon.edge_runtime.preview.app import Live, create_app
from facetoon.edge_runtime.preview.recorder import SwitchedRecording
from facetoon.edge_runtime.preview.server import PreviewServer
from facetoon.edge_runtime.sinks.sink import PreviewSink


def start_preview(
    preview: PreviewSink, live: Live, flags: argparse.Namespace, recorder: SwitchedRecording | None = None
) -> tuple[PreviewServer, str]:
    """Start the server; return it and the address to open, with the token only if it was made here.

    Raises InputError for an address, token or certificate that cannot be used.
    """
    if flags.key and not flags.certificate:
        raise InputError("--key needs --certificate.")
    token = flags.token or (None if is_loopback(flags.host) else make_token())
    secure = flags.certificate is not None
    app = create_app(preview, live, Access(flags.host, token, flags.allow_host, secure), recorder)
    server = PreviewServer(app, flags.host, flags.port, flags.certificate, flags.key)
    server.start()
    address = server.url
    for wildcard in ("//0.0.0.0:", "//[::]:"):
        address = address.replace(wildcard, f"//{_own_address()}:")
    return server, address if token is None or flags.token else f"{address}/?token={quote(token)}"


def _own_address() -> str:
    """Return the machine's address in its network, or its name without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: only picks the route (RFC 5737 address)
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
