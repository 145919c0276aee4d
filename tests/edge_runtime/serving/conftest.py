"""The preview under its server, by plain HTTP and by HTTPS."""

from __future__ import annotations

import ssl

import pytest
import trustme

from facetoon.edge_runtime.serving import wsgi_bridge
from facetoon.edge_runtime.serving.server import PreviewServer


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def trusting(authority):
    """A client's context that trusts the certificate."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(autouse=True)
def no_client_is_dropped(monkeypatch, patience_s):
    """On a busy machine a client may be slow. A test of a deadline sets its own."""
    for name in ("HEADER_S", "BODY_S", "TIMEOUT_S"):
        monkeypatch.setattr(wsgi_bridge, name, 2 * patience_s)


@pytest.fixture
def serve(authority, tmp_path):
    """Starts a server of a WSGI app, by HTTPS if asked. It is stopped even when the test fails."""
    servers = []

    def start(app, secure=False):
        files = ()
        if secure:
            files = (tmp_path / "chain.pem", tmp_path / "key.pem")
            issued = authority.issue_cert("127.0.0.1")
            files[0].write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
            issued.private_key_pem.write_to_path(files[1])
        servers.append(PreviewServer(app, "127.0.0.1", 0, *files))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def preview(serve, app, sink):
    yield serve(app)
    sink.close()


@pytest.fixture
def https(serve, app, sink):
    yield serve(app, secure=True)
    sink.close()
