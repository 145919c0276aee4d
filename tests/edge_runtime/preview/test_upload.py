"""A picture is sent to a running toon-live, by a program and by a person in a real browser."""

from __future__ import annotations

import http.client
import json
import struct
import threading
import zlib
from urllib.parse import urlsplit

import cv2
import numpy as np
import psutil
import pytest

TOKEN = "0123456789abcdef-tok"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def live(start_live, tiny_model, tmp_path):
    (tmp_path / "gallery").mkdir()
    return start_live("--port", 0, "--token", TOKEN, "--gallery", tmp_path / "gallery",
                      "--model", tiny_model.with_name("tiny-32-styles.tflite"))  # fmt: skip


def send(live, body, headers=BEARER, query=""):
    """Post a picture; return the answer and its bytes."""
    connection = http.client.HTTPConnection(urlsplit(live.url).netloc, timeout=120)
    connection.request(
        "POST", f"/api/cartoon{query}", body, {"Content-Type": "image/jpeg", "Connection": "close", **headers}
    )
    with connection.getresponse() as answer:
        return answer, answer.read()


def files(tmp_path):
    return [path for path in (tmp_path / "gallery").iterdir() if not path.name.startswith(".")]


def test_a_photograph_of_a_phone_comes_back_drawn(live, portrait, tmp_path):
    large = cv2.resize(portrait, (2400, 2400), interpolation=cv2.INTER_CUBIC)
    jpeg = cv2.imencode(".jpg", large)[1].tobytes()
    assert len(jpeg) > 100_000  # far above the limit of other bodies
    answer, data = send(live, jpeg, query="?style=inverted")
    assert (answer.status, answer.headers["Content-Type"], answer.headers["Facetoon-Faces"]) == (200, "image/jpeg", "1")
    cartoon = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert cartoon.shape == large.shape
    assert np.abs(cartoon[500:800, 950:1200].astype(int) - large[500:800, 950:1200]).mean() > 20
    assert files(tmp_path) == []
    answer, data = send(live, jpeg, query="?keep=true&style=inverted")
    assert answer.status == 201
    assert [path.name for path in files(tmp_path)] == [json.loads(data)["name"]]
    assert "_inverted_" in json.loads(data)["name"]


def test_what_is_refused_is_one_sentence_even_while_the_client_still_sends(live, tmp_path):
    """The server closed at once, and the client lost the answer; or it read all of the body into memory first."""
    for body, headers, status, sentence in (
        (bytes(50_000_000), BEARER, 413, "A picture has at most 20 MB."),
        (bytes(50_000_000), {}, 401, "The address of this page needs its token: ?token=..., as toon-live printed it."),
        (bytes(5_000_000), BEARER, 400, "This is no JPEG, PNG, WebP, AVIF or HEIC picture that can be read."),
        (iter([b"x" * 10_000_000] * 3), BEARER, 411, "A picture is sent with its length."),
    ):
        answer, data = send(live, body, headers)
        assert (answer.status, json.loads(data)) == (status, {"error": sentence})
    assert files(tmp_path) == []


def png(width, height, texts=0):
    """A PNG of any stated size with hardly a pixel in it, and with texts of 7.9 MB."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(1 + 3 * width)))
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(7_900_000), 9))
    return b"\x89PNG\r\n\x1a\n" + head + texts * text + body + chunk(b"IEND", b"")


def forged_avif():
    data = cv2.imencode(".avif", np.full((5000, 5000, 3), 90, np.uint8), [cv2.IMWRITE_AVIF_SPEED, 10])[1].tobytes()
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", 64, 64) + data[at + 8 :]


def test_bombs_take_no_memory_and_the_live_picture_goes_on(live, wait_until):
    server = psutil.Process(live.process.pid)
    before_bytes = server.memory_info().rss
    bombs = {
        "30000x30000 pixels": png(30000, 30000),
        "1x50000000 pixels": png(1, 50_000_000),
        "not a picture that can be read": forged_avif(),
        "may fill more than 100 MB": png(64, 64, texts=100),
    }
    for sentence, bomb in bombs.items():
        answer, data = send(live, bomb)
        assert answer.status == 400, sentence
        assert sentence in json.loads(data)["error"]
    assert server.memory_info().rss - before_bytes < 100e6
    frames = state(live)["frames"]
    wait_until(lambda: state(live)["frames"] > frames + 5)


def state(live):
    connection = http.client.HTTPConnection(urlsplit(live.url).netloc, timeout=120)
    connection.request("GET", "/api/state", headers={**BEARER, "Connection": "close"})
    with connection.getresponse() as answer:
        return json.load(answer)


def test_many_pictures_at_once_leave_the_live_picture_running(live, portrait, wait_until):
    jpeg = cv2.imencode(".jpg", cv2.resize(portrait, (2000, 2000)))[1].tobytes()
    answers = []
    senders = [threading.Thread(target=lambda: answers.append(send(live, jpeg)[0].status)) for _ in range(8)]
    for sender in senders:
        sender.start()
    first = state(live)["frames"]
    wait_until(lambda: state(live)["frames"] > first + 5 or len(answers) == 8)
    for sender in senders:
        sender.join(120)
    assert set(answers) <= {200, 503}
    assert answers.count(200) >= 3
    assert send(live, jpeg)[0].status == 200  # every place was given back


@pytest.fixture
def page(browser, live, wait_until):
    browser.get(f"{live.url}/?token={TOKEN}")
    wait_until(lambda: browser.find_element("id", "upload").is_displayed())
    return browser


PIXEL = """
const image = document.getElementById("drawn");
const [width, height] = [image.naturalWidth, image.naturalHeight];
const canvas = Object.assign(document.createElement("canvas"), {width, height});
canvas.getContext("2d").drawImage(image, 0, 0);
return [width, height, ...canvas.getContext("2d").getImageData(224, 128, 1, 1).data];
"""


@pytest.mark.browser
def test_a_visitor_chooses_a_picture_a_style_and_keeps_it(page, portrait, tmp_path, wait_until):
    from selenium.webdriver.support.select import Select

    def says(text):
        return page.find_element("id", "drawn-says").text == text

    cv2.imwrite(str(tmp_path / "me.png"), portrait)
    (tmp_path / "letter.png").write_text("Dear all,")
    page.find_element("id", "file").send_keys(str(tmp_path / "letter.png"))
    wait_until(lambda: says("This is no JPEG, PNG, WebP, AVIF or HEIC picture that can be read."))
    assert not page.find_element("id", "drawn-save").is_displayed()
    page.find_element("id", "file").send_keys(str(tmp_path / "me.png"))
    wait_until(lambda: says("1 face"))
    wait_until(lambda: page.execute_script(PIXEL)[:2] == [512, 512])
    plain = page.execute_script(PIXEL)
    Select(page.find_element("id", "drawn-style")).select_by_visible_text("inverted")
    wait_until(lambda: says("1 face") and page.execute_script(PIXEL) != plain)
    page.find_element("id", "drawn-save").click()
    wait_until((tmp_path / "downloads" / "me-cartoon.png").exists)
    wait_until(lambda: cv2.imread(str(tmp_path / "downloads" / "me-cartoon.png")) is not None)
    assert files(tmp_path) == []
    page.find_element("id", "drawn-keep").click()
    wait_until(lambda: says("It is in the gallery now."))
    (kept,) = files(tmp_path)
    assert "_inverted_" in kept.name
    page.find_element("id", "drawn-close").click()
    assert not page.find_element("id", "drawing").is_displayed()
    errors = [entry["message"] for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
    assert [message for message in errors if "400" not in message] == []
