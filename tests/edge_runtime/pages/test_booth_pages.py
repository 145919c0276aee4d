from __future__ import annotations

import pytest

from facetoon.edge_runtime.gallery.booth import Booth


def test_the_booth_asks_for_tiles_and_notes_that_it_is_open(owner, booth):
    state = owner.get("/api/booth").json
    assert state["tiles"] == [
        {"model": "a", "style": "ink", "number": 3}, {"model": "a", "style": "anime", "number": 0}
    ]  # fmt: skip
    assert (state["faces"], state["presses"], state["style"]) == (1, 0, {"ink": 1.0})
    booth.press()
    assert owner.get("/api/booth").json["presses"] == 1
    assert owner.get("/booth/tiles/0.jpg").data == b"jpeg"
    assert owner.get("/booth/tiles/1.jpg").status_code == 404  # not drawn yet
    assert owner.get("/booth/tiles/2.jpg").status_code == 404


def test_a_photo_is_described_with_its_addresses(owner, album):
    answer = owner.post("/api/photo", headers={"Host": "localhost:80"})
    taken = answer.json
    assert answer.status_code == 201
    assert (taken["style"], taken["kind"], taken["file"]) == ("ink", "photo", f"gallery/{taken['name']}")
    assert [entry.name for entry in album.newest_first()] == [taken["name"]]


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/api/photo", {"name": "x"}, 400, "There is nothing to set by the name 'name' here."),
        ("/api/strip", {}, 400, "A strip is made of 4 different photos."),
        ("/api/strip", {"photos": "abcd"}, 400, "photos must be a list of names."),
        ("/api/strip", {"photos": ["a", "a", "b", "c"]}, 400, "A strip is made of 4 different photos."),
        ("/api/strip", {"photos": ["a", "b", "c", "../d"]}, 409, "A strip is made of photos of the gallery."),
        ("/api/boomerang", {"format": "exe"}, 400, "format must be webp or gif."),
        ("/api/recording", {}, 409, "Nothing is kept without a gallery: start toon-live with --gallery FOLDER."),
    ],
)
def test_a_wrong_request_is_one_sentence_and_keeps_nothing(owner, album, path, body, status, sentence):
    answer = owner.post(path, json=body)
    assert (answer.status_code, answer.json) == (status, {"error": sentence})
    assert not list(album.folder.iterdir())


def test_a_strip_of_the_api_takes_the_place_of_its_photos(owner, album):
    photos = [owner.post("/api/photo").json["name"] for _ in range(4)]
    strip = owner.post("/api/strip", json={"photos": photos}).json
    assert [entry.name for entry in album.newest_first()] == [strip["name"]]


def test_without_a_gallery_the_booth_keeps_nothing_and_says_so(make_client, booth):
    client = make_client(booth=Booth(booth.tiles, None))
    assert client.post("/api/photo").status_code == 409
    assert client.get("/gallery").status_code == 404
    page = client.get("/booth")
    assert page.status_code == 200
    assert b'data-keeps=""' in page.data


def test_a_full_disk_is_one_sentence(owner, album, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(album, "add", full)
    answer = owner.post("/api/photo")
    assert answer.status_code == 503
    assert answer.json["error"] == "The picture is not kept: No space left on device."


def test_a_foreign_page_takes_no_pictures(owner, album):
    assert owner.post("/api/photo", headers={"Origin": "https://evil.example"}).status_code == 403
    assert owner.post("/api/photo", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert not list(album.folder.iterdir())


class FakeRecording:
    """A recording that only remembers whether it is on."""

    on = False

    def switch(self, on):
        self.on = on

    def state(self):
        return []


def test_the_recording_is_switched_or_changed(make_client):
    client = make_client(recorder=FakeRecording())
    assert client.post("/api/recording", json={"on": True}).json == {"on": True}
    assert client.post("/api/recording").json == {"on": False}
    assert client.post("/api/recording", json={"on": 1}).status_code == 400
