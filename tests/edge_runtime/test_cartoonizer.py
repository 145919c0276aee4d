from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_runtime import pixels
from edge_runtime.cartoonizer import Cartoonizer
from edge_runtime.faces import FaceFinder, OneEuro
from edge_runtime.session import open_session
from edge_runtime.timing import STAGES, StageTimer


@pytest.fixture
def timer():
    return StageTimer()


@pytest.fixture
def cartoonizer(tiny_model, timer):
    return Cartoonizer(open_session(tiny_model), FaceFinder(), timer)


def test_the_face_changes_and_nothing_else(cartoonizer, portrait):
    after = cartoonizer.process(portrait.copy())
    face = cartoonizer.faces[0]
    difference = cv2.absdiff(after, portrait).max(axis=2)
    rows, columns = np.nonzero(difference)
    side = face.height_px / 0.72
    assert rows.min() > face.centre_y_px - side
    assert rows.max() < face.centre_y_px + side
    assert columns.min() > face.centre_x_px - side
    assert columns.max() < face.centre_x_px + side
    assert difference[int(face.centre_y_px), int(face.centre_x_px)] > 0


def test_a_frame_without_a_face_is_untouched(cartoonizer):
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    for frame in (noise, np.zeros((480, 640, 3), np.uint8)):
        assert np.array_equal(cartoonizer.process(frame.copy()), frame)
    assert cartoonizer.faces == []


def test_every_stage_is_timed(cartoonizer, portrait, timer):
    cartoonizer.process(portrait.copy())
    assert set(timer.percentiles()) == set(STAGES) - {"decode", "encode"}


def test_the_live_crop_is_what_the_generator_was_given(cartoonizer, portrait):
    """The pasted middle is the session's own answer to the crop that framing and pixels describe."""
    after = cartoonizer.process(portrait.copy())
    session, face = cartoonizer._session, cartoonizer.faces[0]
    matrix = session.spec.framing.crop_matrix(face, session.size_px)
    cartoon = session.run(pixels.swap_red_blue(pixels.warp(portrait, matrix, session.size_px)))
    back = pixels.swap_red_blue(pixels.warp(after, matrix, session.size_px))
    middle = slice(session.size_px // 4, -session.size_px // 4)
    assert np.abs(back[middle, middle].astype(int) - cartoon[middle, middle]).mean() < 12


def test_wrong_frame_names_both_sides(cartoonizer):
    with pytest.raises(ValueError, match=r"frame is uint8 of shape \(4, 4\)"):
        cartoonizer.process(np.zeros((4, 4), np.uint8))


def test_the_demo_face_is_held_in_every_frame_and_rolls_with_the_picture(demo_frames):
    finder = FaceFinder()
    faces = [finder.find(frame) for frame in demo_frames]
    assert all(len(found) == 1 for found in faces)
    rolls = [found[0].roll_deg for found in faces]
    assert max(rolls) - min(rolls) > 6  # the demo rolls by 12 degrees either way, over seven seconds
    steps = np.abs(np.diff([found[0].centre_x_px for found in faces[5:]]))
    assert steps.max() < 8


def test_two_faces_largest_first_when_asked_for(portrait):
    left, right = portrait[:320, 60:380], pixels.resize(portrait[:214, 100:350], 374, 320)
    both = np.hstack([left, right])
    finder = FaceFinder(max_faces=2)
    found = finder.find(both)
    assert len(found) == 2
    assert found[0].height_px > found[1].height_px
    assert found[0].centre_x_px > 320
    assert len(FaceFinder(max_faces=1).find(both)) == 1


def test_a_face_that_vanishes_is_let_go_and_found_again(portrait):
    finder = FaceFinder()
    empty = np.full_like(portrait, 90)
    assert [len(finder.find(frame)) for frame in (portrait, portrait, empty, empty, portrait)] == [1, 1, 0, 0, 1]


def test_one_euro_is_still_when_still_and_prompt_when_fast():
    random = np.random.default_rng(2)
    still = OneEuro()
    noise = [still.step(100 + random.normal(0, 0.5), 100) for _ in range(300)][50:]
    assert np.std(noise) < 0.35
    fast = OneEuro()
    lag = [abs(fast.step(5.0 * n, 100) - 5.0 * n) for n in range(60)]
    assert lag[-1] < 10  # two frames behind at five per cent of the face a frame


@pytest.fixture
def two_models(tiny_model, timer):
    """A plain model and one with styles, as --model twice loads them."""
    styled = tiny_model.with_name("tiny-32-styles.tflite")
    sessions = {"plain": open_session(tiny_model), "styled": open_session(styled)}
    return Cartoonizer(sessions, FaceFinder(), timer)


def change_by(cartoonizer, portrait, **values):
    """Mean change of the face, with some settings changed."""
    settings = cartoonizer.settings.patched(values, cartoonizer.styles)
    after = cartoonizer.process(portrait.copy(), settings)
    return after, float(cv2.absdiff(after, portrait)[70:190, 160:290].mean())


def test_strength_and_the_share_of_photo_fade_the_cartoon(two_models, portrait):
    whole = change_by(two_models, portrait)[1]
    half = change_by(two_models, portrait, strength=0.5)[1]
    assert half == pytest.approx(whole / 2, rel=0.1)
    assert np.array_equal(change_by(two_models, portrait, strength=0)[0], portrait)
    first = two_models.styles["styled"][0]
    faded = change_by(two_models, portrait, model="styled", style={first: 1, "photo": 1})[1]
    full = change_by(two_models, portrait, model="styled", style={first: 1})[1]
    assert faded == pytest.approx(full / 2, rel=0.1)


def test_styles_and_models_change_the_picture_from_one_frame_to_the_next(two_models, portrait):
    one, other = two_models.styles["styled"][:2]
    pictures = [
        change_by(two_models, portrait, **values)[0]
        for values in ({"model": "plain"}, {"model": "styled", "style": one}, {"model": "styled", "style": other})
    ]
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert cv2.absdiff(pictures[a], pictures[b])[70:190, 160:290].mean() > 2
