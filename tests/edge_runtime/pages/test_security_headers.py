from __future__ import annotations

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pages.security_headers import origin_of

HOME = "http://homeassistant.local:8123"


def policy(answer):
    return dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))


def test_nobody_frames_a_page_unless_its_origin_is_named(make_client):
    for embedders, frames in (((), "'none'"), ((HOME, "https://mirror.local"), f"{HOME} https://mirror.local")):
        for path in ("/", "/view", "/booth", "/api/state", "/nothing"):
            answer = make_client(embedders=embedders).get(path)
            assert policy(answer)["frame-ancestors"] == frames, path
            assert ("X-Frame-Options" in answer.headers) == (not embedders)
            assert policy(answer)["default-src"] == "'self'"
            assert policy(answer)["form-action"] == "'none'"


@pytest.mark.parametrize(
    ("referer", "expected"),
    [
        (None, "same-origin"), (f"{HOME}/", "cross-origin"), (HOME, "cross-origin"),
        ("http://homeassistant.local:81234/", "same-origin"), ("https://evil.example/", "same-origin"),
    ],
)  # fmt: skip
def test_only_a_named_page_may_show_the_picture(make_client, referer, expected):
    headers = {"Referer": referer} if referer else {}
    for embedders, policy_of in (((HOME,), expected), ((), "same-origin")):
        answer = make_client(embedders=embedders).get("/snapshot.jpg", headers=headers)
        assert answer.headers["Cross-Origin-Resource-Policy"] == policy_of


def test_an_embedder_is_an_origin():
    assert origin_of("HTTP://Mirror.local:8080/") == "http://mirror.local:8080"
    for text in ("mirror.local", "http://mirror.local/page", "http://*.local", "http://a b", "http://u@h",
                 "ftp://h", "http://h:99999", "*", "http://h; script-src *", "http://h:0", ""):  # fmt: skip
        with pytest.raises(InputError, match="--allow-embed takes"):
            origin_of(text)


def test_https_alone_only_when_asked_for(make_client):
    for hsts, expected in ((False, None), (True, "max-age=31536000")):
        client = make_client(hsts=hsts)
        assert client.get("/", base_url="https://127.0.0.1").headers.get("Strict-Transport-Security") == expected
        assert "Strict-Transport-Security" not in client.get("/").headers
