from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.background import read_background
from facetoon.edge_runtime.errors import InputError


@pytest.fixture
def beach(tmp_path):
    """A picture of other proportions than the frame's."""
    path = tmp_path / "beach.jpg"
    picture = np.zeros((300, 900, 3), np.uint8)
    picture[:, 200:700] = (20, 180, 240)
    path.write_bytes(pixels.encode_jpeg(picture))
    return path


def test_the_flag_is_a_word_a_colour_or_a_picture(beach):
    assert read_background("blur") == {"background": "blur"}
    assert read_background("#Ff8800") == {"background": "colour", "background_colour": "#Ff8800"}
    found = read_background(str(beach))
    assert found["background"] == "picture"
    assert found["picture"].name == "beach.jpg"
    assert found["picture"].frame.shape == (300, 900, 3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("pink", "keep, blur, cartoon, a colour such as #ff8800 or a picture's file, not 'pink'"),
        ("#ff88", "not '#ff88'"),
        ("none.jpg", "none.jpg cannot be read: No such file"),
    ],
)
def test_anything_else_is_one_sentence(text, sentence):
    with pytest.raises(InputError, match=sentence):
        read_background(text)


def test_a_file_that_is_no_picture_is_refused(tmp_path):
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"no\.png is not a picture"):
        read_background(str(tmp_path / "no.png"))


def test_every_background_ends_at_the_matte(stage, scene, beach):
    """The head is the same on all of them, and the wall is gone up to its outline."""
    head, far = scene.depth_px(scene.head) > 12, scene.apart_px() > 8
    kept = stage.play(scene)
    after = {text: stage.play(scene, **read_background(text)) for text in ("blur", "#ff8800", str(beach))}
    for text, frame in after.items():
        assert cv2.absdiff(frame, kept)[head].max() <= 1, text
    assert (after["#ff8800"][far] == (0, 136, 255)).all()
    assert np.abs(after[str(beach)][far].astype(int) - (20, 180, 240)).max() < 8  # the picture's middle fills the frame
    assert after["blur"][40:80, 40:80].std() < 0.5 * scene.frame[40:80, 40:80].std()


def test_no_rim_of_the_photograph_shows_before_a_colour(stage, scene):
    """Green shares of a pixel at the outline: between the wall's grey and skin's red there is no green at all."""
    after = stage.play(scene, background="colour", background_colour="#00ff00").astype(int)
    outline = (scene.apart_px() < 8) & (scene.depth_px(scene.head) < 8)
    cartoon = 255 - np.array(scene.frame[scene.head][0], int)
    mixes = np.linspace(0, 1, 64)[:, None] * cartoon + np.linspace(1, 0, 64)[:, None] * (0, 255, 0)
    nearest = np.abs(after[outline][:, None] - mixes).max(2).min(1)
    assert np.percentile(nearest, 90) < 60


def test_a_weak_cartoon_keeps_the_photograph_of_the_head_before_a_colour(stage, scene):
    head = scene.depth_px(scene.head) > 12
    after = stage.play(scene, background="colour", background_colour="#00ff00", strength=0.5)
    assert np.abs(after[head].astype(int) - 127.5).max() < 3
    assert np.array_equal(stage.play(scene, background="colour", strength=0)[head], scene.frame[head])


def test_colours_of_the_head_do_not_spread_into_a_blurred_wall(stage, scene):
    after = stage.play(scene, background="blur").astype(int)
    near = (scene.apart_px() > 6) & (scene.apart_px() < 14)
    near[230:] = False  # hand and neck
    greyness = np.ptp(after[near], axis=1)
    assert np.percentile(greyness, 95) < 12  # the wall is grey, the skin red


def test_a_cartoon_behind_the_head_is_drawn_in_tiles(stage, scene):
    after = stage.play(scene, background="cartoon")
    far = scene.apart_px() > 30
    assert np.abs(after[far].astype(int) - (255 - scene.frame[far].astype(int))).mean() < 12
