"""The booth and the gallery in a real browser, as a visitor and an owner use them."""

from __future__ import annotations

import cv2
import numpy as np
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


def tap(browser, element):
    """Touch the middle of an element, as a finger does."""
    box = element.rect
    point = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}]
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point})
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_tap_on_a_tile_is_a_style_and_the_tiles_show_the_face(booth, wait_until):
    booth.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    drawn = "return [...document.querySelectorAll('.tile img')].map((image) => image.naturalWidth)"
    wait_until(lambda: set(booth.execute_script(drawn)) == {160})
    tiles = booth.find_elements("css selector", ".tile")
    assert len(tiles) > 1
    assert tiles[0].get_attribute("aria-pressed") == "true"
    tap(booth, tiles[1])
    wait_until(lambda: tiles[1].get_attribute("aria-pressed") == "true")
    booth.refresh()  # it is the server's style, not the page's
    wait_until(lambda: booth.find_elements("css selector", ".tile:nth-child(2)[aria-pressed=true]"))


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


def test_the_owner_looks_chooses_and_deletes(booth, live, tmp_path, wait_until):
    for _ in range(3):
        booth.execute_async_script("fetch('api/photo', {method: 'POST'}).then(arguments[0])")
    booth.get(f"{live.url}/gallery")
    wait_until(lambda: len(booth.find_elements("css selector", ".entry")) == 3)
    booth.find_element("css selector", ".entry").click()
    wait_until(lambda: shown(booth, "qr"))
    booth.find_element("id", "remove").click()
    assert len(files(tmp_path)) == 3  # the first tap asks
    booth.find_element("id", "remove").click()
    wait_until(lambda: len(files(tmp_path)) == 2)
    booth.find_element("id", "close").click()
    booth.find_element("id", "select").click()
    for entry in booth.find_elements("css selector", ".entry"):
        entry.click()
    booth.find_element("id", "zip").click()
    wait_until((tmp_path / "downloads" / "facetoon.zip").exists)
    booth.find_element("id", "remove-all").click()
    booth.find_element("id", "remove-all").click()
    wait_until(lambda: not files(tmp_path) and shown(booth, "empty"))


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1080, 1920), (390, 844), (844, 390)])
def test_nothing_of_the_booth_is_cut_off(booth, wait_until, width, height):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
    booth.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wait_until(lambda: len(booth.find_elements("css selector", ".tile")) > 1)
    for element in booth.find_elements("css selector", "#stream, .tile, #modes button, #shutter"):
        box = element.rect
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= width + 1
        assert box["y"] + box["height"] <= height + 1
        assert min(box["width"], box["height"]) >= 35, element.get_attribute("outerHTML")  # a finger hits it
    assert booth.find_element("id", "stream").rect["width"] >= 0.55 * min(width, height * 4 / 3)
    rooms = "return [...document.querySelectorAll('.tile span')].map((name) => [name.scrollWidth, name.clientWidth])"
    assert all(needed <= given for needed, given in booth.execute_script(rooms))  # no name is cut


def test_few_tiles_fill_the_room_beside_the_picture(browser, start_live, tiny_model, wait_until):
    live = start_live("--port", 0, "--model", tiny_model.with_name("tiny-32-styles.tflite"))
    metrics = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(f"{live.url}/booth")
    wait_until(lambda: len(browser.find_elements("css selector", ".tile")) > 1)
    first, second = (tile.rect for tile in browser.find_elements("css selector", ".tile"))
    assert second["y"] > first["y"]  # under each other, where both are larger than in a row
    assert first["width"] > 0.7 * browser.find_element("id", "tiles").rect["width"]


def test_the_button_waits_while_the_picture_is_taken(booth):
    booth.find_element("id", "shutter").click()
    assert not booth.find_element("id", "shutter").is_enabled()
    flash = booth.find_element("id", "flash").rect
    assert (flash["width"], flash["height"]) == tuple(booth.execute_script("return [innerWidth, innerHeight]"))


@pytest.mark.slow
def test_while_nobody_stands_there_the_booth_goes_through_the_styles_until_a_touch(
    browser, start_live, tiny_model, tmp_path, wait_until
):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((480, 640, 3), 120, np.uint8))
    model = tiny_model.with_name("tiny-32-styles.tflite")
    live = start_live("--port", 0, "--source", tmp_path / "wall.png", "--model", model)
    browser.get(f"{live.url}/booth")
    wait_until(lambda: shown(browser, "attract"))  # after 20 seconds
    worn = set()
    wait_until(lambda: worn.update(live.state()["settings"]["style"]) or len(worn) > 1)
    portrait = "return document.getElementById('sample').naturalWidth"
    wait_until(lambda: browser.execute_script(portrait) == 160)
    browser.find_element("id", "stage").click()
    wait_until(lambda: not shown(browser, "attract"))
    assert "asleep" not in browser.find_element("id", "stream").get_attribute("class")
