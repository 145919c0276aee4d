from __future__ import annotations

import pytest

from facetoon.edge_runtime.__main__ import main
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sources.addresses import is_address, parse_address
from facetoon.edge_runtime.sources.source import open_source

MARK = "write # as %23"
MALFORMED = {
    "rtsp://admin:Secret#2@127.0.0.1:8554/stream": MARK,
    "rtsp://admin:12#34@127.0.0.1:8554/stream": MARK,
    "rtsp://admin:Sec/ret@127.0.0.1/stream": MARK,
    "rtsp://admin:Sec?ret@127.0.0.1/stream": MARK,
    "rtsp://admin:Sec@ret@127.0.0.1/stream": MARK,
    "rtsp://admin:Secret@127.0.0.1:99999/s": "port that is no number from 1 to 65535",
    "rtsp://admin:Secret@127.0.0.1:0/s": "names no host and port",
    "rtsp://admin:Secret@": "names no host",
    "http://admin:Secret@[::1/stream": "a bracket",
    "http://[::1/stream": "a bracket",
    "rtsp:///stream": "names no host",
    "udp://@": "names no host",
    "gopher://admin:Secret@host/": "is none of rtsp",
    "rtsp:/admin:Secret@host/": "is none of rtsp",
}


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_address_is_one_sentence_without_user_and_password(text):
    with pytest.raises(InputError) as caught:
        open_source(text)
    assert MALFORMED[text] in str(caught.value)
    for secret in ("admin", "Sec", "ret@"):
        assert secret not in str(caught.value)


def test_the_program_says_the_sentence_alone(capsys):
    assert main(["--source", "rtsp://admin:Secret#2@127.0.0.1:8554/stream", "--headless"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert MARK in line
    assert "Secret" not in line


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rtsp://admin:p%23ss@cam:554/s?token=7", "rtsp://cam:554/s"),
        ("rtspt://admin:pw@cam/s", "rtspt://cam/s"),
        ("rtsp://cam/user=admin&password=x&channel=1.sdp", "rtsp://cam/..."),
        ("http://admin:pw@[::1]:8080/", "http://[::1]:8080/"),
        ("http://cam:8080/feed@2", "http://cam:8080/feed@2"),
        ("udp://@:5600", "udp://:5600"),
        ("rtp://127.0.0.1:5004", "rtp://127.0.0.1:5004"),
        ("RTSP://cam/s", "rtsp://cam/s"),
    ],
)
def test_what_is_shown_of_an_address(text, name):
    assert parse_address(text).name == name


def test_a_path_is_no_address():
    assert not any(is_address(text) for text in ("2024-05-01T12:30:05.mp4", "./a:b/c", "/dev/video0", "demo", "0"))


@pytest.mark.parametrize("scheme", ["tcp", "rtsp", "rtspt", "http", "rtmp", "srt"])
def test_an_address_that_nobody_answers_is_one_sentence_without_secrets(scheme):
    with pytest.raises(InputError, match=r"There is no|cannot open srt") as caught:
        open_source(f"{scheme}://admin:Secret@127.0.0.1:1/s")
    assert "Secret" not in str(caught.value)
    assert "admin" not in str(caught.value)
