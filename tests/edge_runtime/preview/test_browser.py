"""The preview page in a real browser."""

from __future__ import annotations

import base64
import dataclasses
import shutil

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.spec import read_model, write_model

pytestmark = pytest.mark.browser

CHANGED, SAME = 40, 25  # levels, see `difference`; the codec alone makes 16


def seen(browser):
    """The stream as it lies in the page, BGR at the page's scale."""
    png = browser.find_element("id", "stream").screenshot_as_png
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


PIXELS = """
const stream = document.getElementById("stream");
return stream.toDataURL("image/png").split(",")[1];
"""


def shown(browser):
    """The frame that the stream shows now, BGR at its own size."""
    png = browser.execute_script(PIXELS)
    return cv2.imdecode(np.frombuffer(base64.b64decode(png), np.uint8), cv2.IMREAD_COLOR)


def status(browser):
    return browser.find_element("id", "status").text


def severe_errors(browser):
    return [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_the_page_shows_the_demo_moving_and_recovers_a_lost_server(browser, start_live, wait_until):
    live = start_live("--port", 0)
    browser.get(live.url)
    wait_until(lambda: status(browser) == "live: demo")
    wait_until(lambda: seen(browser).std() > 30)  # a picture, not a blank
    first = seen(browser)
    wait_until(lambda: cv2.absdiff(seen(browser), first).mean() > 2)
    wait_until(lambda: browser.find_element("id", "faces").text == "1")
    wait_until(lambda: float(browser.find_element("id", "rate").text) > 1)  # one frame alone makes no rate
    assert browser.find_element("id", "latency").text.endswith(" ms")
    assert shown(browser).shape == (480, 640, 3)
    assert severe_errors(browser) == []

    live.end()
    wait_until(lambda: "connection lost" in status(browser))
    wait_until(lambda: not browser.find_element("id", "strength").is_enabled())  # by the next question of the state
    start_live("--port", live.url.rsplit(":", 1)[1])
    wait_until(lambda: status(browser) == "live: demo")
    again = seen(browser)
    wait_until(lambda: cv2.absdiff(seen(browser), again).mean() > 2)


def slide(browser, name, value):
    """Move a slider as a user does: set its value and send the input event."""
    browser.execute_script(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('input'))",
        name, value,
    )  # fmt: skip


def values_of(browser, *names):
    return [float(browser.find_element("id", name).get_property("value")) for name in names]


@pytest.fixture
def still(tiny_model, portrait, tmp_path, start_live):
    """A live run on one still photograph, so that only a control can change the picture."""
    (tmp_path / "still").mkdir()
    cv2.imwrite(str(tmp_path / "portrait.jpg"), portrait)
    for number in range(3600):  # one of them is read each second
        (tmp_path / "still" / f"{number:04}.jpg").hardlink_to(tmp_path / "portrait.jpg")
    return start_live(
        "--port", 0, "--source", tmp_path / "still", "--model", tiny_model.with_name("tiny-32-styles.tflite"),
        "--recordings", tmp_path,
    )  # fmt: skip


@pytest.fixture
def page(browser, still, wait_until):
    """The browser with the page of `still`, once its controls are there."""
    browser.get(still.url)
    wait_until(lambda: browser.find_element("id", "random").is_displayed())
    return browser


@pytest.fixture
def style_sliders(page):
    return [slider.get_attribute("id") for slider in page.find_elements("css selector", "#styles input")]


def difference(picture, other):
    """The largest difference of two pictures, in levels; noise of the codec is smoothed away."""
    return cv2.GaussianBlur(cv2.absdiff(picture, other), (0, 0), 2).max() if picture.shape == other.shape else np.nan


def test_the_style_and_strength_sliders_change_what_the_stream_shows(page, still, style_sliders, portrait, wait_until):
    assert style_sliders == [f"style-{name}" for name in (*still.state()["styles"], "photo")]
    wait_until(lambda: difference(shown(page), portrait) > CHANGED)
    first_style = shown(page)
    slide(page, style_sliders[0], 0)
    slide(page, style_sliders[1], 1)
    wait_until(lambda: difference(shown(page), first_style) > CHANGED)
    slide(page, "strength", 0)
    wait_until(lambda: difference(shown(page), portrait) < SAME)
    assert page.find_element("css selector", "output[for=strength]").text == "0 %"
    assert still.state()["settings"]["strength"] == 0


def test_a_style_slider_stays_where_it_is_put(page, still, style_sliders, wait_until):
    """Half became all of the only style, which could not go to 0, and all of a second became half of each."""
    (one, other, photo), names = style_sliders, [name.removeprefix("style-") for name in style_sliders]

    def becomes(*shares):
        assert values_of(page, one, other, photo) == pytest.approx(shares, abs=0.011)
        wanted = {name: share for name, share in zip(names, shares, strict=True) if share}
        wait_until(lambda: still.state()["settings"]["style"] == pytest.approx(wanted))

    for slider, value, shares in (
        (one, 0.5, (0.5, 0, 0.5)), (one, 0, (0, 0, 1)), (photo, 0.6, (0.4, 0, 0.6)), (other, 1, (0, 1, 0)),
        (other, 0.5, (0.2, 0.5, 0.3)), (photo, 0, (2 / 7, 5 / 7, 0)),
    ):  # fmt: skip
        slide(page, slider, value)
        becomes(*shares)


def test_the_split_shows_the_photograph(page, still, portrait, wait_until):
    wait_until(lambda: difference(shown(page), portrait) > CHANGED)
    page.find_element("id", "splitting").send_keys(" ")  # by the keyboard
    wait_until(lambda: still.state()["settings"]["split"] == 0.5)
    wait_until(lambda: page.find_element("id", "split").is_displayed())
    slide(page, "split", 1)
    before_the_line = np.s_[:, :480]  # it stands at the right edge now
    wait_until(lambda: difference(shown(page)[before_the_line], portrait[before_the_line]) < SAME)
    assert still.state()["settings"]["split"] == 1
    page.find_element("id", "splitting").click()
    wait_until(lambda: still.state()["settings"]["split"] is None)
    wait_until(lambda: difference(shown(page), portrait) > CHANGED)


def test_a_random_style_and_the_further_settings_are_taken(page, still, style_sliders, wait_until):
    from selenium.webdriver.support.select import Select

    before = values_of(page, *style_sliders)
    page.find_element("id", "random").click()
    wait_until(lambda: values_of(page, *style_sliders) != before)
    assert sum(values_of(page, *style_sliders)) == pytest.approx(1, abs=0.05)
    page.find_element("tag name", "summary").click()
    for name, value in (("mode", "frame"), ("faces", 3), ("background", "blur"), ("morph_s", 1)):
        Select(page.find_element("name", name)).select_by_value(str(value))
        wait_until(lambda name=name, value=value: still.state()["settings"][name] == value)
    slide(page, "colour_match", 0.5)
    wait_until(lambda: still.state()["settings"]["colour_match"] == 0.5)
    assert severe_errors(page) == []


def test_backgrounds_and_styles_for_faces_alone(browser, start_live, tiny_model, portrait, tmp_path, wait_until):
    from selenium.webdriver.support.select import Select

    model, spec = read_model(tiny_model.with_name("tiny-32-styles.tflite"))
    write_model(tmp_path / "m.tflite", model, dataclasses.replace(spec, keeps_shape=("plain",)))
    cv2.imwrite(str(tmp_path / "beach.jpg"), portrait)
    live = start_live("--port", 0, "--model", tmp_path / "m.tflite", "--background", tmp_path / "beach.jpg")
    browser.get(live.url)
    wait_until(lambda: browser.find_element("id", "faces-only").is_displayed())
    assert browser.find_element("id", "faces-only").text.endswith("background: inverted.")
    browser.find_element("tag name", "summary").click()
    background = Select(browser.find_element("name", "background"))
    wait_until(lambda: background.first_selected_option.text == "beach.jpg")
    background.select_by_value("colour")
    wait_until(lambda: browser.find_element("id", "background_colour").is_displayed())
    slide(browser, "background_colour", "#ff8800")
    wait_until(lambda: live.state()["settings"]["background_colour"] == "#ff8800")
    assert browser.find_element("id", "style-inverted").is_enabled()
    Select(browser.find_element("name", "mode")).select_by_value("frame")
    wait_until(lambda: not browser.find_element("id", "style-inverted").is_enabled())
    assert live.state()["settings"]["mode"] == "frame"
    Select(browser.find_element("name", "mode")).select_by_value("face")
    wait_until(lambda: browser.find_element("id", "style-inverted").is_enabled())
    slide(browser, "style-plain", 0)
    slide(browser, "style-inverted", 1)
    wait_until(lambda: live.state()["settings"]["style"] == {"inverted": 1})
    Select(browser.find_element("name", "mode")).select_by_value("frame")
    wait_until(lambda: "inverted moves features" in browser.find_element("id", "refusal").text)
    assert live.state()["settings"]["mode"] == "face"


def test_a_recording_and_a_snapshot_hold_the_picture(page, still, portrait, tmp_path, wait_until):
    page.find_element("id", "record").click()
    wait_until(lambda: page.find_element("id", "record").text == "Stop recording")
    still.shows(still.state()["frames"] + 2)
    page.find_element("id", "record").click()
    wait_until(lambda: page.find_element("id", "record").text == "Record")
    (film,) = tmp_path.glob("*.mp4")
    assert cv2.VideoCapture(str(film)).read()[1].shape == portrait.shape

    page.find_element("id", "snapshot").click()
    saved = tmp_path / "downloads" / "facetoon.jpg"
    wait_until(saved.exists)
    wait_until(lambda: cv2.imread(str(saved)) is not None)
    assert cv2.imread(str(saved)).shape == portrait.shape
    assert severe_errors(page) == []


def test_the_token_leaves_the_address_and_the_page_works_on(browser, start_live, wait_until):
    token = "0123456789abcdef-token"
    url = start_live("--port", 0, "--token", token).url
    assert token not in url
    browser.get(url)
    assert "token" in browser.find_element("tag name", "body").text
    browser.get(f"{url}/?token={token}")
    wait_until(lambda: status(browser) == "live: demo")
    assert token not in browser.current_url
    browser.refresh()
    wait_until(lambda: status(browser) == "live: demo")
    assert browser.execute_script("return document.cookie") == ""  # HttpOnly


def set_screen(browser, width, height, mobile):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@pytest.mark.parametrize(("width", "height", "mobile"), [(360, 740, True), (1280, 800, False)])
def test_nothing_is_cut_off_and_every_control_is_reached_by_tab(page, still, style_sliders, width, height, mobile):
    from selenium.webdriver.common.keys import Keys

    set_screen(page, width, height, mobile)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    reached = []
    for _ in range(13):
        page.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(page.switch_to.active_element.get_attribute("id"))
    wanted = ["snapshot", "record", "upload", "strength", "splitting", "random", *style_sliders]
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


def test_on_a_phone_the_picture_stays_in_sight_at_the_last_slider_and_no_control_leaves_its_card(page):
    for width, height in ((390, 844), (844, 390), (320, 568)):
        set_screen(page, width, height, mobile=True)
        (picture,), (card,), controls = page.execute_script(RECTANGLES)
        assert picture[1] >= 0, (width, picture)
        assert picture[3] <= height, (width, picture)
        assert (picture[2] - picture[0]) * (picture[3] - picture[1]) > width * height / 6, (width, picture)
        assert len(controls) > 8
        for left, _, right, _ in controls:
            assert card[0] < left < right < card[2], (width, left, right, card)


def test_the_page_says_what_is_not_written_and_since_when(browser, start_live, tmp_path, wait_until):
    (tmp_path / "stick").mkdir()
    live = start_live("--port", 0, "--recordings", tmp_path / "stick")
    browser.get(live.url)
    wait_until(lambda: browser.find_element("id", "record").is_displayed())
    browser.find_element("id", "record").click()
    wait_until(lambda: list((tmp_path / "stick").glob("*.mp4")))
    assert browser.find_element("id", "unwritten").text == ""
    shutil.rmtree(tmp_path / "stick")
    wait_until(lambda: "is not written: the file is gone." in browser.find_element("id", "unwritten").text)
    assert browser.find_element("id", "unwritten").text.startswith("Since ")
    seen_frames = live.state()["frames"]
    wait_until(lambda: live.state()["frames"] > seen_frames)  # the picture goes on
    assert status(browser) == "live: demo"
