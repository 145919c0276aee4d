"""The preview page in a real browser."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(needs_program, tmp_path):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = needs_program("chromium", "chromium")
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", "window-size=1100,900", f"user-data-dir={tmp_path / 'profile'}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path / "downloads")})
    service = webdriver.ChromeService(needs_program("chromedriver", "chromium-driver"))
    driver = webdriver.Chrome(options, service)
    yield driver
    driver.quit()


def start_live(*flags):
    process = subprocess.Popen(
        [sys.executable, "-m", "facetoon.edge_runtime", *map(str, flags)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return process, re.search(r"http://\S+", process.stdout.readline())[0]


def end(process):
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)


def shown(browser):
    """What the page's picture shows, BGR."""
    png = browser.find_element("id", "stream").screenshot_as_png
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def wait_until(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the page never got there"
        time.sleep(0.1)


def test_the_page_shows_the_demo_moving_and_recovers_a_lost_server(browser):
    process, url = start_live("--port", 0)
    try:
        browser.get(url)

        def status():
            return browser.find_element("id", "status").text

        wait_until(lambda: status() == "live: demo")
        first = shown(browser)
        assert first.std() > 30  # a picture, not a blank
        wait_until(lambda: cv2.absdiff(shown(browser), first).mean() > 2)
        wait_until(lambda: browser.find_element("id", "faces").text == "1")
        wait_until(lambda: float(browser.find_element("id", "rate").text) > 1)  # one frame alone makes no rate
        assert browser.find_element("id", "latency").text.endswith(" ms")
        width, height = browser.execute_script(
            "const i = document.getElementById('stream'); return [i.naturalWidth, i.naturalHeight]"
        )
        assert (width, height) == (640, 480)
        severe = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert severe == []

        end(process)
        wait_until(lambda: "connection lost" in status())
        assert not browser.find_element("id", "strength").is_enabled()
        process, _ = start_live("--port", url.rsplit(":", 1)[1])
        wait_until(lambda: status() == "live: demo")
        again = shown(browser)
        wait_until(lambda: cv2.absdiff(shown(browser), again).mean() > 2)
    finally:
        end(process)


def slide(browser, name, value):
    """What a hand on a slider does: the value, and the event that tells of it."""
    browser.execute_script(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('input'))",
        name, value,
    )  # fmt: skip


def state_of(url):
    with urllib.request.urlopen(f"{url}/api/state", timeout=5) as answer:
        return json.load(answer)


def values_of(browser, *names):
    return [float(browser.find_element("id", name).get_property("value")) for name in names]


@pytest.fixture
def still(tiny_model, portrait, tmp_path):
    """A live run on one photograph that never moves, so that whatever changes was changed by a control."""
    (tmp_path / "still").mkdir()
    for number in range(400):
        (tmp_path / "still" / f"{number:03}.jpg").hardlink_to(photograph_file(tmp_path, portrait))
    process, url = start_live(
        "--port", 0, "--source", tmp_path / "still", "--model", tiny_model.with_name("tiny-32-styles.tflite"),
        "--recordings", tmp_path,
    )  # fmt: skip
    yield url
    end(process)


def photograph_file(folder, portrait):
    path = folder / "portrait.jpg"
    if not path.exists():
        cv2.imwrite(str(path), portrait)
    return path


def test_controls_change_what_the_stream_shows(browser, still, portrait, tmp_path):
    from selenium.webdriver.support.select import Select

    browser.get(still)
    wait_until(lambda: browser.find_elements("css selector", "#styles input"))
    first, second, *_ = names = [e.get_attribute("id") for e in browser.find_elements("css selector", "#styles input")]
    assert names == [f"style-{name}" for name in state_of(still)["styles"]]

    def settles():
        """The picture once nothing has changed for two seconds: a busy machine sends a frame late."""
        before, since_s = shown(browser), time.monotonic()
        while time.monotonic() - since_s < 2:
            time.sleep(0.2)
            now = shown(browser)
            if cv2.absdiff(before, now).mean() > 0.05:
                before, since_s = now, time.monotonic()
        return before

    one = settles()
    slide(browser, first, 0)
    slide(browser, second, 1)
    wait_until(lambda: cv2.absdiff(shown(browser), one).max() > 40)
    other = settles()

    slide(browser, "strength", 0)
    wait_until(lambda: cv2.absdiff(shown(browser), other).max() > 40)
    photograph = settles()
    assert browser.find_element("css selector", "output[for=strength]").text == "0 %"
    assert state_of(still)["settings"]["strength"] == 0

    slide(browser, "strength", 1)
    browser.find_element("id", "splitting").send_keys(" ")  # by the keyboard
    wait_until(lambda: state_of(still)["settings"]["split"] == 0.5)
    slide(browser, "split", 1)
    wait_until(lambda: state_of(still)["settings"]["split"] == 1)
    wait_until(lambda: cv2.absdiff(shown(browser), photograph)[:, : photograph.shape[1] // 2].mean() < 3)
    browser.find_element("id", "splitting").click()
    wait_until(lambda: state_of(still)["settings"]["split"] is None)

    before = values_of(browser, *names)
    browser.find_element("id", "random").click()
    wait_until(lambda: values_of(browser, *names) != before)
    assert sum(values_of(browser, *names)) == pytest.approx(1, abs=0.05)

    browser.find_element("tag name", "summary").click()
    for name, value in (("mode", "frame"), ("faces", 3), ("background", "blur"), ("morph_s", 1)):
        Select(browser.find_element("name", name)).select_by_value(str(value))
        wait_until(lambda name=name, value=value: state_of(still)["settings"][name] == value)
    slide(browser, "colour_match", 0.5)
    wait_until(lambda: state_of(still)["settings"]["colour_match"] == 0.5)

    browser.find_element("id", "record").click()
    wait_until(lambda: browser.find_element("id", "record").text == "Stop recording")
    time.sleep(1)
    browser.find_element("id", "record").click()
    wait_until(lambda: browser.find_element("id", "record").text == "Record")
    (film,) = tmp_path.glob("facetoon-*.mp4")
    assert cv2.VideoCapture(str(film)).read()[1].shape == portrait.shape

    browser.find_element("id", "snapshot").click()
    saved = tmp_path / "downloads" / "facetoon.jpg"
    wait_until(saved.exists)
    wait_until(lambda: cv2.imread(str(saved)) is not None)
    assert cv2.imread(str(saved)).shape == portrait.shape
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_the_token_leaves_the_address_and_the_page_works_on(browser):
    token = "0123456789abcdef-token"
    process, url = start_live("--port", 0, "--token", token)
    try:
        assert token not in url
        browser.get(url)
        assert "token" in browser.find_element("tag name", "body").text
        browser.get(f"{url}/?token={token}")
        wait_until(lambda: browser.find_element("id", "status").text == "live: demo")
        assert token not in browser.current_url
        browser.refresh()
        wait_until(lambda: browser.find_element("id", "status").text == "live: demo")
        assert browser.execute_script("return document.cookie") == ""  # HttpOnly
    finally:
        end(process)


@pytest.mark.parametrize("size", [(360, 740), (1280, 800)])
def test_nothing_is_cut_off_and_every_control_is_reached_by_tab(browser, still, size):
    from selenium.webdriver.common.keys import Keys

    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500},
    )
    browser.get(still)
    wait_until(lambda: browser.find_element("id", "random").is_displayed())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    reached = []
    for _ in range(12):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(browser.switch_to.active_element.get_attribute("id"))
    styles = [f"style-{name}" for name in state_of(still)["styles"]]
    wanted = ["snapshot", "record", "strength", "splitting", "random", *styles]
    assert [name for name in reached if name][: len(wanted)] == wanted


RECTANGLES = """
document.querySelector("details").open = true;
document.getElementById("colour_match").scrollIntoView({block: "end"});
return ["#stream", "#controls", "#controls select, #controls input, #controls button, #controls .button"].map(
  (selector) => [...document.querySelectorAll(selector)].filter((element) => element.offsetParent).map((element) => {
    const {left, top, right, bottom} = element.getBoundingClientRect();
    return [left, top, right, bottom];
  }));
"""


def test_on_a_phone_the_picture_stays_in_sight_at_the_last_slider_and_no_control_leaves_its_card(browser, still):
    browser.get(still)
    wait_until(lambda: browser.find_element("id", "random").is_displayed())
    for width, height in ((390, 844), (844, 390), (320, 568)):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        (picture,), (card,), controls = browser.execute_script(RECTANGLES)
        assert picture[1] >= 0, (width, picture)
        assert picture[3] <= height, (width, picture)
        assert (picture[2] - picture[0]) * (picture[3] - picture[1]) > width * height / 6, (width, picture)
        assert len(controls) > 8
        for left, _, right, _ in controls:
            assert card[0] < left < right < card[2], (width, left, right, card)
