from __future__ import annotations

import logging

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.preview.access import Access, make_token
from facetoon.edge_runtime.preview.app import create_app

TOKEN = "a token nobody guesses"


@pytest.fixture
def guarded(sink, live):
    return create_app(sink, live, Access("0.0.0.0", TOKEN, ["toon.example"]))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200), ("[::1]:8000", 200), ("localhost", 200), ("LOCALHOST.:1", 200), ("10.0.0.7", 200),
        ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("localhost.evil.example:8000", 421),
        ("evil.example@localhost", 421), ("[::1", 421), ("", 421),
    ],
)  # fmt: skip
def test_only_known_names_are_answered(app, host, status):
    assert app.test_client().get("/api/state", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8000"}, 200),
        ({"Origin": "http://localhost:8000"}, 200),
        ({"Origin": "http://localhost:8001"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_changes_come_from_the_own_page_alone(app, live, headers, status):
    headers = {"Host": "localhost:8000"} | headers
    answer = app.test_client().patch("/api/state", json={"strength": 0.5}, headers=headers)
    assert answer.status_code == status
    assert live.settings["strength"] == (0.5 if status == 200 else 1.0)


def test_without_the_token_everything_but_the_probes_is_closed(guarded, sink):
    client = guarded.test_client()
    for path in ("/", "/view", "/stream.mjpg", "/snapshot.jpg", "/api/state", "/api/models", "/metrics",
                 "/openapi.json", "/nothing", "/static", "/g"):  # fmt: skip
        for query in ("", "?token=", "?token=wrong", f"?token={TOKEN[:-1]}", f"?token={TOKEN}x", "?token=ü"):
            answer = client.get(path + query)
            assert answer.status_code == 401, path
            assert "Set-Cookie" not in answer.headers
            assert "token" in answer.json["error"]
    assert client.patch("/api/state", json={"strength": 0.1}).status_code == 401
    with client.get("/static/base.css") as answer:
        assert answer.status_code == 200  # public code, which the form's page needs
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503  # asked, and answered: no frame yet


def test_the_token_opens_once_and_the_cookie_from_then_on(guarded):
    client = guarded.test_client()
    first = client.get("/", query_string={"token": TOKEN})
    assert first.status_code == 200
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert client.get("/api/state").status_code == 200
    assert guarded.test_client().get("/api/state", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    stranger = guarded.test_client()
    stranger.set_cookie("facetoon", "0" * 64)  # the name on port 80
    assert stranger.get("/api/state").status_code == 401


def test_https_marks_its_cookie(sink, live):
    app = create_app(sink, live, Access("0.0.0.0", TOKEN, secure=True))
    answer = app.test_client().get("/", query_string={"token": TOKEN}, base_url="https://127.0.0.1")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_plain_http_is_sent_to_https_but_probes_are_answered(sink, live):
    client = create_app(sink, live, Access("0.0.0.0", TOKEN, secure=True)).test_client()
    for method, path in (("GET", "/view?a=1"), ("PATCH", "/api/state"), ("GET", "/nothing")):
        answer = client.open(path, method=method, base_url="http://127.0.0.1:8000")
        assert (answer.status_code, answer.location) == (307, f"https://127.0.0.1:8000{path}")
        assert answer.headers["Cache-Control"] == "no-store"  # a browser must not keep it for a later preview
    assert client.get("/healthz").status_code == 200
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_this_machines_names_at_home_are_known_where_a_token_guards(sink, live, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "ToonPi.example.org")
    own = ("toonpi.local", "toonpi.lan", "toonpi.fritz.box", "toonpi.home.arpa", "toonpi.example.org", "TOONPI.LOCAL.")
    foreign = ("other.local", "evil.toonpi.local", "toonpi.evil", "toonpi.local.evil.example", "local", "fritz.box")
    status = {}
    for access in (Access("0.0.0.0", TOKEN), Access("127.0.0.1", TOKEN), Access("127.0.0.1")):
        client = create_app(sink, live, access).test_client()
        status[access] = [client.get("/healthz", headers={"Host": f"{name}:8000"}).status_code for name in own]
        assert {client.get("/healthz", headers={"Host": name}).status_code for name in foreign} == {421}
    guarded, proxied, unguarded = status.values()
    assert set(guarded) == set(proxied) == {200}
    assert set(unguarded) == {421}  # a hostile network can let these names lead to 127.0.0.1


def test_a_proxys_name_is_let_in(guarded):
    headers = {"Host": "toon.example", "Authorization": f"Bearer {TOKEN}"}
    assert guarded.test_client().get("/api/state", headers=headers).status_code == 200


def test_the_token_is_in_no_log(guarded, live, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    client = guarded.test_client()
    client.get("/", query_string={"token": TOKEN})
    client.get("/nothing", query_string={"token": TOKEN})
    client.patch("/api/state", query_string={"token": TOKEN}, data="{")
    assert "nobody" not in caplog.text


def test_an_open_address_wants_a_token_and_a_long_one():
    assert len(make_token()) >= 32
    assert make_token() != make_token()
    with pytest.raises(InputError, match=r"0\.0\.0\.0 can be reached by others"):
        Access("0.0.0.0")
    with pytest.raises(InputError, match="16 ASCII characters"):
        Access("127.0.0.1", "short")
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        Access(host)
