"""The preview page in a real browser."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time

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
        "disable-component-update", "disable-sync", "window-size=900,800", f"user-data-dir={tmp_path / 'profile'}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    service = webdriver.ChromeService(needs_program("chromedriver", "chromium-driver"))
    driver = webdriver.Chrome(options, service)
    yield driver
    driver.quit()


def start_live(port="0"):
    process = subprocess.Popen(
        [sys.executable, "-m", "edge_runtime", "--port", port],
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
    process, url = start_live()
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
        process, _ = start_live(url.rsplit(":", 1)[1])
        wait_until(lambda: status() == "live: demo")
        again = shown(browser)
        wait_until(lambda: cv2.absdiff(shown(browser), again).mean() > 2)
    finally:
        end(process)
