from __future__ import annotations

import io
import re
import zipfile

import cv2
import numpy as np
import pytest

TOKEN = "a token nobody guesses"


@pytest.fixture
def taken(owner):
    """Three photos, as the API describes them."""
    return [owner.post("/api/photo").json for _ in range(3)]


def body(client, path, **options):
    with client.get(path, **options) as answer:
        return answer.status_code, answer.data


def test_a_guest_sees_the_one_picture_and_nothing_else(guest, taken, album):
    name, other = taken[0]["name"], taken[1]["name"]
    status, page = body(guest, f"/g/{name}")
    assert status == 200
    assert f"/g/{name}/file".encode() in page
    assert other.encode() not in page
    assert not re.search(rb'href="/(gallery|booth)?"', page)
    assert body(guest, f"/g/{name}/file") == (200, (album.folder / name).read_bytes())
    for path in ("/gallery", "/api/gallery", "/gallery.zip", f"/gallery/{name}", f"/gallery/{name}/thumbnail.jpg",
                 f"/gallery/{name}/qr.svg", "/booth", "/api/booth", "/booth/tiles/0.jpg", "/g/../api/state",
                 f"/g/{name}/../../api/gallery"):  # fmt: skip
        assert body(guest, path)[0] in (401, 404), path
    for method, path in (("post", "/api/photo"), ("post", "/api/strip"), ("post", "/api/boomerang"),
                         ("post", "/api/recording"), ("delete", f"/api/gallery/{name}")):  # fmt: skip
        assert getattr(guest, method)(path).status_code == 401, path
    assert album.path(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "..",
        "%2e%2e%2fsecret.jpg",
        "20260101-120000_ink_short.jpg",
        "holiday.jpg",
        ".thumbnails",
        "%00",
        "ü.jpg",
    ],
)
def test_no_other_name_opens_a_file(guest, owner, album, name):
    (album.folder / "holiday.jpg").write_bytes(b"private")
    for client, path in ((guest, f"/g/{name}"), (guest, f"/g/{name}/file"), (owner, f"/gallery/{name}")):
        status, data = body(client, path)
        assert status in (404, 308, 200 if path == "/gallery/" else 404), path
        assert b"private" not in data


def test_a_guests_link_ends_with_the_picture(guest, owner, taken):
    name = taken[0]["name"]
    assert owner.delete(f"/api/gallery/{name}").status_code == 204
    assert owner.delete(f"/api/gallery/{name}").status_code == 404
    status, page = body(guest, f"/g/{name}", headers={"Accept": "text/html"})
    assert status == 404
    assert b"no longer here" in page


def test_the_owner_gets_pages_of_sixty_newest_first(owner, album):
    for number in range(130):
        name = f"20260101-{120000 + number % 60 + 100 * (number // 60)}_ink_{number:022}.jpg"
        (album.folder / name).write_bytes(b"x")
    names, before = [], ""
    for more in (True, True, False):
        page = owner.get("/api/gallery", query_string={"before": before} if before else {}).json
        assert (page["count"], page["more"]) == (130, more)
        names += [entry["name"] for entry in page["entries"]]
        before = names[-1]
    assert names == sorted(names, reverse=True)
    assert len(set(names)) == 130


def test_a_zip_holds_the_chosen_pictures_or_all(owner, taken):
    names = [entry["name"] for entry in taken]
    for query, expected in (({"name": names[:2]}, names[:2]), ({}, names), ({"name": "nothing"}, [])):
        with (
            owner.get("/gallery.zip", query_string=query) as answer,
            zipfile.ZipFile(io.BytesIO(answer.data)) as archive,
        ):
            assert sorted(archive.namelist()) == sorted(expected)


def test_the_qr_code_holds_the_guests_address(owner, booth, taken):
    booth.public_url = "http://192.0.2.7:8000"
    name = taken[0]["name"]
    status, svg = body(owner, f"/gallery/{name}/qr.svg")
    assert status == 200
    assert decoded(svg.decode()) == f"http://192.0.2.7:8000/g/{name}"


def decoded(svg):
    """Read the QR code of segno's SVG, whose path draws one line of modules a row."""
    side = int(re.search(r'width="(\d+)"', svg)[1])
    picture = np.full((side, side), 255, np.uint8)
    x = y = 0.0
    for command, first, second in re.findall(
        r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", re.findall(r' d="([^"]+)"', svg)[-1]
    ):
        if command == "h":
            picture[round(8 * (y - 0.5)) : round(8 * (y + 0.5)), round(8 * x) : round(8 * (x + float(first)))] = 0
            x += float(first)
        else:
            x, y = (float(first), float(second)) if command == "M" else (x + float(first), y + float(second))
    return cv2.QRCodeDetector().detectAndDecode(picture)[0]


def test_where_phones_do_not_reach_there_is_no_code(owner, taken):
    assert taken[0]["link"] is None  # the page was opened at localhost
    status, data = body(owner, f"/gallery/{taken[0]['name']}/qr.svg")
    assert status == 404
    assert b"--public-url" in data
    headers = {"Host": "192.0.2.9:81", "Authorization": f"Bearer {TOKEN}"}
    assert owner.post("/api/photo", headers=headers).json["link"].startswith("http://192.0.2.9:81/g/2")
