"""A picture is sent to a running toon-live, by a program and by a person in a real browser."""

from __future__ import annotations

import http.client
import json
import threading
from urllib.parse import urlsplit

import cv2
import numpy as np
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


def test_many_pictures_at_once_leave_the_live_picture_running(live, portrait, wait_until):
    jpeg = cv2.imencode(".jpg", cv2.resize(portrait, (2000, 2000)))[1].tobytes()
    answers = []
    senders = [threading.Thread(target=lambda: answers.append(send(live, jpeg)[0].status)) for _ in range(8)]
    for sender in senders:
        sender.start()
    state = http.client.HTTPConnection(urlsplit(live.url).netloc, timeout=120)

    def frames():
        state.request("GET", "/api/state", headers=BEARER)
        return json.load(state.getresponse())["frames"]

    first = frames()
    wait_until(lambda: frames() > first + 5 or len(answers) == 8)
    for sender in senders:
        sender.join(120)
    assert set(answers) <= {200, 503}
    state.close()
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
