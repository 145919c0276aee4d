from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime.cartoon.style_tiles import Tile
from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.gallery.keepsakes import Album
from facetoon.edge_runtime.gallery.photographer import Photographer
from facetoon.edge_runtime.preview.access import Access
from facetoon.edge_runtime.preview.app import create_app
from facetoon.edge_runtime.sinks.sink import PreviewSink

TOKEN = "a token nobody guesses"


class FakeTiles:
    """One tile that is drawn, and one that is not."""

    def ask(self):
        return (Tile("a", "ink", 3, b"jpeg"), Tile("a", "anime"))


class FakeLoop:
    """A live loop with one style."""

    def state(self):
        settings = {"model": "a", "style": {"ink": 1.0}}
        return {"running": True, "stalled": False, "ended": False, "faces": 1, "settings": settings, "outputs": []}

    def change(self, values):
        pass


@pytest.fixture
def sink():
    preview = PreviewSink()
    preview.write(np.full((480, 640, 3), 80, np.uint8))
    yield preview
    preview.close()


@pytest.fixture
def album(tmp_path):
    return Album(tmp_path)


@pytest.fixture
def booth(sink, album):
    return Booth(FakeTiles(), Photographer(sink, album, lambda: FakeLoop().state()["settings"]))


@pytest.fixture
def make_client(sink, booth):
    """Makes a client of an app with a token, by keywords of create_app; `knows` says whether it knows the token."""

    def make(knows=True, **keywords):
        keywords = {"access": Access("0.0.0.0", TOKEN), "booth": booth, **keywords}
        client = create_app(sink, FakeLoop(), **keywords).test_client()
        if knows:
            client.get("/healthz", query_string={"token": TOKEN})
        return client

    return make


@pytest.fixture
def owner(make_client):
    return make_client()


@pytest.fixture
def guest(make_client):
    return make_client(knows=False)
