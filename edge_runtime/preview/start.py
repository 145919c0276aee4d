"""Starts the preview from toon-live's flags."""

from __future__ import annotations

import argparse
import socket
from dataclasses import dataclass
from urllib.parse import quote

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.pages.host_names import is_loopback
from facetoon.edge_runtime.pages.security_headers import origin_of
from facetoon.edge_runtime.preview.access import Access, make_token
from facetoon.edge_runtime.preview.app import Live, create_app
from facetoon.edge_runtime.preview.recorder import SwitchedRecording
from facetoon.edge_runtime.preview.viewers import Viewers
from facetoon.edge_runtime.serving.server import PreviewServer
from facetoon.edge_runtime.sinks.sink import PreviewSink

LAST_WORDS_S = 0.5


@dataclass(frozen=True)
class ServedPreview:
    """A running preview."""

    server: PreviewServer
    viewers: Viewers

    def stop(self) -> None:
        """Let the viewers' pages hear why the stream ends, then close every connection. Close the sink first."""
        self.viewers.drain(LAST_WORDS_S)
        self.server.stop()


def start_preview(
    preview: PreviewSink, live: Live, flags: argparse.Namespace, recorder: SwitchedRecording | None, booth: Booth
) -> tuple[ServedPreview, str]:
    """Start the server; return it and the address to open, with the token only if it was made here.

    Tells the booth the address for guests' phones, where they reach the preview. Raises InputError for an address,
    token, origin or certificate that cannot be used.
    """
    if flags.key and not flags.certificate:
        raise InputError("--key needs --certificate.")
    if flags.hsts and not flags.certificate:
        raise InputError("--hsts needs --certificate.")
    token = flags.token or (None if is_loopback(flags.host) else make_token())
    access = Access(flags.host, token, flags.allow_host, flags.certificate is not None)
    embedders = [origin_of(text) for text in flags.allow_embed]
    app = create_app(preview, live, access, recorder, booth, embedders, flags.hsts)
    server = PreviewServer(app, flags.host, flags.port, flags.certificate, flags.key)
    address = server.url
    for wildcard in ("//0.0.0.0:", "//[::]:"):
        address = address.replace(wildcard, f"//{_own_address()}:")
    booth.public_url = flags.public_url or (None if is_loopback(flags.host) else address)
    server.start()
    return ServedPreview(
        server, app.config["VIEWERS"]
    ), address if token is None or flags.token else f"{address}/?token={quote(token)}"


def _own_address() -> str:
    """Return the machine's address in its network, or its name without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: only picks the route (RFC 5737 address)
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
