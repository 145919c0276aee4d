"""What people see without the token, in place of JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from facetoon.edge_runtime import preview
from facetoon.edge_runtime.preview.access import Access, cookie_name
from facetoon.edge_runtime.preview.app import create_app

TOKEN = "a token nobody guesses"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}


@pytest.fixture
def app(sink, live):
    return create_app(sink, live, Access("0.0.0.0", TOKEN))


@pytest.fixture
def client(app):
    return app.test_client()


def test_a_browser_gets_a_form_and_a_program_gets_json(client):
    answer = client.get("/view", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert b'name="next" value="/view"' in answer.data
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert "form_action_self" not in answer.headers
    assert answer.headers["Referrer-Policy"] == "same-origin"  # else its own form has "Origin: null", and is refused
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "image/avif,image/*,*/*;q=0.8"}):
        assert client.get("/view", headers=headers).mimetype == "application/json"
    assert client.get("/api/state", headers=BROWSER).mimetype == "application/json"


def test_the_form_opens_the_page_that_was_asked_for(app, client):
    wrong = client.post("/token", data={"token": "wrong", "next": "/view"}, headers=BROWSER)
    assert wrong.status_code == 401
    assert b"That is not the token" in wrong.data
    assert b'value="/view"' in wrong.data
    assert "Set-Cookie" not in wrong.headers
    right = client.post("/token", data={"token": f" {TOKEN} ", "next": "/view"}, headers=BROWSER)
    assert (right.status_code, right.location) == (303, "/view")
    assert client.get("/view").status_code == 200
    assert app.test_client().get("/view").status_code == 401


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\r\nSet-Cookie: b"]
)
def test_the_form_leads_nowhere_else(client, path):
    assert client.post("/token", data={"token": TOKEN, "next": path}).location == "/"


def test_a_foreign_page_cannot_send_the_form(client):
    answer = client.post("/token", data={"token": TOKEN}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_a_wrong_name_is_a_page_without_a_form(client):
    answer = client.get("/", headers={"Host": "evil.example", **BROWSER})
    assert (answer.status_code, answer.mimetype) == (421, "text/html")
    assert b"--allow-host" in answer.data
    assert b"<form" not in answer.data  # a page under a foreign name must not ask for the token


def test_what_was_sent_is_shown_escaped(client):
    attack = '"><script>alert(1)</script>'
    answers = [
        client.get(f"/{attack}", headers=BROWSER),
        client.post("/token", data={"token": "x", "next": f"/{attack}"}, headers=BROWSER),
        client.get("/", headers={**BROWSER, "Host": attack}),
    ]
    for answer in answers:
        assert answer.mimetype == "text/html"
        assert b"<script>alert" not in answer.data


def test_no_page_or_script_takes_text_for_html():
    """Names of models, styles and files reach the pages as JSON; scripts set them as text."""
    folder = Path(preview.__file__).parent
    files = [*folder.glob("static/*.js"), *folder.glob("templates/*.html")]
    assert len(files) > 8
    for file in files:
        text = file.read_text("utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "|safe", "| safe", "autoescape"):
            assert word not in text, f"{file.name}: {word}"


def test_two_previews_on_one_host_keep_their_cookies(app):
    """Browsers send a host's cookies to all of its ports, so each preview has a name of its own."""
    client = app.test_client()
    for port in (8000, 8001):
        client.get(f"http://127.0.0.1:{port}/", query_string={"token": TOKEN})
    names = {cookie.key for cookie in client._cookies.values()}
    assert names == {"facetoon-8000", "facetoon-8001"}
    assert client.get("http://127.0.0.1:8000/view").status_code == 200
    assert cookie_name("toon.example") == "facetoon"
    assert cookie_name("[::1]:8000") == "facetoon-8000"
    assert cookie_name("localhost:x") == "facetoon"
