"""Two visitors, each with a browser of their own, before two previews on one host."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

TOKENS = ("0123456789abcdef-one", "0123456789abcdef-two")


@pytest.fixture
def previews(start_live, tiny_model, tmp_path):
    """Two running previews of this host, which differ by their ports."""
    lives = []
    for token in TOKENS:
        gallery = tmp_path / token
        gallery.mkdir()
        lives.append(start_live("--port", 0, "--token", token, "--model", tiny_model, "--gallery", gallery))
    return lives


def is_live(browser):
    return browser.find_element("id", "status").text == "live: demo"


def record_button(browser):
    return browser.find_element("id", "record")


def test_one_records_while_the_other_watches_and_nobody_is_logged_out(open_browser, previews, tmp_path, wait_until):
    owner, guest = open_browser(), open_browser()
    for browser in (owner, guest):  # both visit both: the cookies lie beside each other
        for live, token in zip(previews, TOKENS, strict=True):
            browser.get(f"{live.url}/?token={token}")
            wait_until(lambda browser=browser: is_live(browser))
    for browser in (owner, guest):
        browser.get(previews[0].url)  # without the token: the cookie of the first preview is still there
        wait_until(lambda browser=browser: is_live(browser))

    wait_until(lambda: record_button(owner).is_enabled() and record_button(owner).is_displayed())
    record_button(owner).click()
    wait_until(lambda: record_button(guest).text == "Stop recording")  # both pages say so
    frames = frames_of(guest)
    wait_until(lambda: frames_of(guest) > frames + 10 and is_live(guest) and is_live(owner))
    record_button(guest).click()
    wait_until(lambda: record_button(owner).text == "Record")
    (film,) = (tmp_path / TOKENS[0]).glob("*.mp4")
    assert film.stat().st_size > 1000
    assert not list((tmp_path / TOKENS[1]).glob("*.mp4"))  # the other preview recorded nothing

    guest.get(f"{previews[1].url}/gallery")
    wait_until(lambda: guest.find_element("id", "empty").is_displayed())
    guest.get(f"{previews[0].url}/gallery")
    wait_until(lambda: len(guest.find_elements("css selector", ".entry")) == 1)


def frames_of(browser):
    """Frames of the preview that the browser shows, asked with the browser's own cookie."""
    return browser.execute_async_script(
        "fetch('api/state').then((answer) => answer.json()).then((state) => arguments[0](state.frames))"
    )
