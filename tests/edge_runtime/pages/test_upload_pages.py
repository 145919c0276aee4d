from __future__ import annotations

from contextlib import contextmanager

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.booth import Booth, DrawnUpload

JPEG = {"Content-Type": "image/jpeg"}
TYPE = "A picture is sent as itself, with its type, such as image/jpeg."


class FakeStudio:
    """Draws nothing, and remembers what it was asked for."""

    def __init__(self):
        self.asked, self.free = [], True

    @contextmanager
    def place(self):
        yield self.free

    def draw(self, data, style=None, suffix=None):
        if data == b"bomb":
            raise InputError("The picture has 9x9 pixels, more than 8.")
        self.asked.append((data, style, suffix))
        return DrawnUpload(b"cartoon", suffix or ".png", 2, "ink & wash:0.6,photo:0.4")


@pytest.fixture
def studio():
    return FakeStudio()


@pytest.fixture
def booth(booth, studio):
    booth.studio = studio
    return booth


def test_a_picture_comes_back_as_a_cartoon_and_is_not_stored(owner, studio, album):
    answer = owner.post("/api/cartoon?style=ink:0.6,photo:0.4", data=b"picture", headers=JPEG)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/png", b"cartoon")
    assert answer.headers["Facetoon-Faces"] == "2"
    assert answer.headers["Facetoon-Style"] == "ink%20%26%20wash:0.6,photo:0.4"
    assert studio.asked == [(b"picture", "ink:0.6,photo:0.4", None)]
    assert not list(album.folder.iterdir())


def test_it_is_kept_when_so_asked(owner, studio, album):
    answer = owner.post("/api/cartoon?keep=true", data=b"picture", headers=JPEG)
    (entry,) = album.newest_first()
    assert (answer.status_code, answer.json["name"]) == (201, entry.name)
    assert (entry.kind, entry.style) == ("photo", "ink-wash")
    assert (album.folder / entry.name).read_bytes() == b"cartoon"
    assert studio.asked == [(b"picture", None, ".jpg")]


@pytest.mark.parametrize(
    ("query", "body", "headers", "status", "sentence"),
    [
        ("", b"bomb", JPEG, 400, "The picture has 9x9 pixels, more than 8."),
        ("", b"x", {"Content-Type": "text/html"}, 415, TYPE),
        ("", b"x", {"Content-Type": "multipart/form-data; boundary=a"}, 415, TYPE),
        ("?keep=perhaps", b"x", JPEG, 400, "keep must be true or false."),
        ("", bytes(20_000_001), JPEG, 413, "A picture has at most 20 MB."),
        ("", b"x", {**JPEG, "Origin": "https://evil.example"}, 403, "A change must come from the preview's own page."),
    ],
)  # fmt: skip
def test_a_wrong_request_is_one_sentence(owner, studio, album, query, body, headers, status, sentence):
    answer = owner.post(f"/api/cartoon{query}", data=body, headers=headers)
    assert answer.status_code == status
    assert answer.json == {"error": sentence}
    assert studio.asked == []
    assert not list(album.folder.iterdir())


def test_it_needs_the_token_a_place_and_a_gallery_to_keep_in(guest, owner, make_client, booth, studio):
    assert guest.post("/api/cartoon", data=b"picture", headers=JPEG).status_code == 401
    client = make_client(booth=Booth(booth.tiles, None, studio=studio))
    assert client.post("/api/cartoon?keep=true", data=b"picture", headers=JPEG).status_code == 409
    studio.free = False
    answer = owner.post("/api/cartoon", data=b"picture", headers=JPEG)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json == {"error": "Other pictures are being drawn; send it again in a moment."}
    assert studio.asked == []


def test_the_page_offers_it_where_it_is(owner, make_client, booth):
    assert b'id="upload"' in owner.get("/").data
    booth.studio = None
    client = make_client(booth=booth)
    assert b'id="upload"' not in client.get("/").data
    assert client.post("/api/cartoon", data=b"picture", headers=JPEG).status_code == 404
