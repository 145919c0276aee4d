"""The booth and the gallery in a real browser, as a visitor and an owner use them."""

from __future__ import annotations

import cv2
import pytest

pytestmark = pytest.mark.browser

TOKEN = "0123456789abcdef-tok"


@pytest.fixture
def live(start_live, tmp_path):
    (tmp_path / "gallery").mkdir()
    return start_live("--port", 0, "--host", "127.0.0.1", "--token", TOKEN, "--gallery", tmp_path / "gallery",
                      "--public-url", "http://192.0.2.7:8000")  # fmt: skip


@pytest.fixture
def booth(browser, live, wait_until):
    browser.get(f"{live.url}/booth?token={TOKEN}")
    wait_until(lambda: browser.find_element("id", "shutter").is_enabled())
    return browser


def files(tmp_path, pattern="*.*"):
    return [path for path in (tmp_path / "gallery").glob(pattern) if not path.name.startswith(".")]


def shown(browser, name):
    return browser.find_element("id", name).is_displayed()


def test_space_takes_a_photo_again_drops_it_and_keep_gives_a_code(booth, tmp_path, wait_until):
    body = booth.find_element("tag name", "body")
    body.send_keys(" ")
    wait_until(lambda: booth.find_element("id", "count").text == "3")
    wait_until(lambda: len(files(tmp_path)) == 1 and shown(booth, "review"))
    (dropped,) = files(tmp_path)
    booth.find_element("id", "again").click()
    wait_until(lambda: not dropped.exists())
    wait_until(lambda: shown(booth, "review"))
    body.send_keys(" ")  # is Keep now
    wait_until(lambda: shown(booth, "share"))
    assert booth.execute_script("return document.getElementById('code').naturalWidth") > 100
    (kept,) = files(tmp_path)
    assert cv2.imread(str(kept)).shape == (480, 640, 3)
    booth.find_element("id", "done").click()
    wait_until(lambda: not shown(booth, "share"))


def test_a_strip_takes_four_and_nobody_needs_to_answer(booth, tmp_path, wait_until):
    booth.find_element("css selector", "[data-mode=strip]").click()
    booth.find_element("id", "shutter").click()
    wait_until(lambda: len(files(tmp_path)) == 4)
    wait_until(lambda: shown(booth, "share"))  # three seconds without an answer keep it
    (strip,) = files(tmp_path)
    assert cv2.imread(str(strip)).shape == (2040, 660, 3)
