"""The page comes back by itself, and never says "live" over a dead picture: in a real browser."""

from __future__ import annotations

import http.client
import signal
import time
from urllib.parse import urlsplit

import cv2
import psutil
import pytest

from facetoon.edge_runtime.preview.viewers import MOST_VIEWERS

pytestmark = pytest.mark.browser

PICTURE = """
const canvas = document.getElementById("stream");
const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
let sum = 0;
for (let index = 0; index < data.length; index += 97) sum = (sum * 31 + data[index]) % 2147483647;
return sum;
"""


def status(browser):
    return browser.find_element("id", "status").text


def moves(browser, wait_until):
    """Wait until the picture changes; a dead one never does."""
    first = browser.execute_script(PICTURE)
    wait_until(lambda: browser.execute_script(PICTURE) != first)


@pytest.mark.slow
def test_after_a_phones_sleep_the_picture_moves_again(browser, start_live, wait_until):
    live = start_live("--port", 0)
    browser.get(live.url)
    wait_until(lambda: status(browser) == "live: demo")
    sleepers = psutil.Process(browser.service.process.pid).children(recursive=True)
    for process in sleepers:
        process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: live.state()["viewers"] == 0)  # the server drops a viewer that takes nothing
        time.sleep(15)  # the sleep itself: 25 s with the server's 10
    finally:
        for process in sleepers:
            process.send_signal(signal.SIGCONT)
    wait_until(lambda: live.state()["viewers"] == 1)  # frames of before the sleep may still lie in the browser
    moves(browser, wait_until)
    wait_until(lambda: status(browser) == "live: demo")


def test_a_frozen_server_is_no_live_picture(browser, start_live, wait_until):
    live = start_live("--port", 0)
    browser.get(live.url)
    wait_until(lambda: status(browser) == "live: demo")
    live.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: "connection lost" in status(browser))
    finally:
        live.process.send_signal(signal.SIGCONT)
    wait_until(lambda: status(browser) == "live: demo")
    moves(browser, wait_until)


def test_the_seventeenth_viewer_waits_and_then_sees(browser, start_live, wait_until):
    live = start_live("--port", 0)
    viewers = []
    for _ in range(MOST_VIEWERS):
        connection = http.client.HTTPConnection(urlsplit(live.url).netloc, timeout=120)
        connection.request("GET", "/stream.mjpg", headers={"Connection": "close"})
        viewers.append(connection.getresponse())
    browser.get(live.url)
    wait_until(lambda: status(browser) == "too many viewers, waiting for a place")
    for viewer in viewers:
        viewer.close()
    wait_until(lambda: status(browser) == "live: demo")
    moves(browser, wait_until)


@pytest.fixture
def short_film(tmp_path, portrait):
    """A film of half a minute, so that the browser sees its end: toon-live ends with it."""
    path = tmp_path / "short.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 2.0, (512, 512))
    for _ in range(60):
        writer.write(portrait)
    writer.release()
    return path


@pytest.mark.slow
def test_a_film_that_is_over_says_so_and_a_new_start_is_seen(browser, start_live, short_film, wait_until):
    live = start_live("--port", 0, "--source", short_film)
    browser.get(live.url)
    wait_until(lambda: status(browser) == "live: short.mp4")
    wait_until(lambda: status(browser) == "the source has ended")
    live.end()
    start_live("--port", live.url.rsplit(":", 1)[1])
    wait_until(lambda: status(browser) == "live: demo")


def test_a_page_of_a_named_origin_embeds_the_view_and_another_may_not(browser, start_live, tmp_path, wait_until):
    """The frame lies on another site (localhost), where the browser keeps no cookie of the preview (127.0.0.1)."""
    import functools
    import http.server
    import threading

    token = "0123456789abcdef-one"
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        port = site.server_address[1]
        live = start_live("--port", 0, "--token", token, "--allow-embed", f"http://localhost:{port}")
        (tmp_path / "index.html").write_text(
            f'<iframe src="{live.url}/view?token={token}" width=640 height=480></iframe>'
        )
        browser.get(f"http://localhost:{port}/index.html")
        browser.switch_to.frame(0)
        moves(browser, wait_until)
        browser.get(f"http://127.0.0.1:{port}/index.html")  # another origin
        browser.switch_to.frame(0)
        assert not browser.find_elements("id", "stream")
        site.shutdown()


def test_the_token_form_opens_the_page_and_two_previews_do_not_log_each_other_out(browser, start_live, wait_until):
    tokens = ("0123456789abcdef-one", "0123456789abcdef-two")
    first, second = (start_live("--port", 0, "--token", token).url for token in tokens)
    for url, token in ((first, tokens[0]), (second, tokens[1])):
        browser.get(url)
        browser.find_element("id", "token").send_keys(token)
        browser.find_element("css selector", "form button").click()
        wait_until(lambda: status(browser) == "live: demo")
    browser.get(first)
    wait_until(lambda: status(browser) == "live: demo")
