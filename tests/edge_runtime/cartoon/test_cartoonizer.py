from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.timing import STAGES, StageTimer


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


def test_a_drawn_frame_is_not_changed_before_it_is_finished(cartoonizer, tiny_model, timer, portrait):
    """So the next frame may be drawn meanwhile: the two halves are the whole."""
    other, second = Cartoonizer(open_session(tiny_model), FaceFinder(), timer), np.roll(portrait, 2, axis=1)
    expected = [other.process(frame.copy()) for frame in (portrait, second)]
    frames = [portrait.copy(), second.copy()]
    drawn = [cartoonizer.draw(frame) for frame in frames]
    assert np.array_equal(frames[0], portrait)
    assert drawn[0].begins_scene
    assert not drawn[1].begins_scene
    finished = [cartoonizer.finish(one) for one in drawn]
    assert all(np.array_equal(a, b) for a, b in zip(finished, expected, strict=True))


def test_every_stage_is_timed(cartoonizer, portrait, timer):
    cartoonizer.process(portrait.copy())
    assert set(timer.percentiles()) == set(STAGES) - {"decode", "encode"}


def test_the_live_crop_is_what_the_generator_sees(cartoonizer, portrait):
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
    assert half == pytest.approx(whole / 2, rel=0.2)  # each look moves the crop a little, and how differs by CPU
    assert np.array_equal(change_by(two_models, portrait, strength=0)[0], portrait)
    first = two_models.styles["styled"][0]
    faded = change_by(two_models, portrait, model="styled", style={first: 1, "photo": 1})[1]
    full = change_by(two_models, portrait, model="styled", style={first: 1})[1]
    assert faded == pytest.approx(full / 2, rel=0.2)


def test_styles_and_models_change_the_picture_from_one_frame_to_the_next(two_models, portrait):
    one, other = two_models.styles["styled"][:2]
    pictures = [
        change_by(two_models, portrait, **values)[0]
        for values in ({"model": "plain"}, {"model": "styled", "style": one}, {"model": "styled", "style": other})
    ]
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert cv2.absdiff(pictures[a], pictures[b])[70:190, 160:290].mean() > 2


def test_the_split_shows_the_frame_as_it_came_on_the_left(cartoonizer, portrait):
    cartoon = cartoonizer.process(portrait.copy())
    split = change_by(cartoonizer, portrait, split=0.45)[0]
    column = round(0.45 * 512)
    assert np.array_equal(split[:, : column - 1], portrait[:, : column - 1])
    right = np.s_[:, column + 1 :]  # alike, not equal: the second look moved the crop a little
    assert cv2.absdiff(split[right], cartoon[right]).mean() < 0.4 * cv2.absdiff(portrait[right], cartoon[right]).mean()
    assert np.array_equal(change_by(cartoonizer, portrait, split=1)[0][:, :511], portrait[:, :511])


def test_colour_match_brings_the_face_in_the_frame_nearer_to_its_own_colours(cartoonizer, portrait):
    face = np.s_[70:190, 160:290]
    wanted = portrait[face].mean((0, 1))
    plain, matched = (change_by(cartoonizer, portrait, colour_match=m)[0][face].mean((0, 1)) for m in (0, 1))
    assert np.abs(matched - wanted).mean() < 0.6 * np.abs(plain - wanted).mean()


@pytest.mark.parametrize("background", ["blur", "cartoon"])
def test_a_changed_background_spares_the_head(cartoonizer, tiny_model, timer, portrait, background):
    kept = Cartoonizer(open_session(tiny_model), FaceFinder(), timer).process(portrait.copy())
    changed = change_by(cartoonizer, portrait, background=background)[0]
    difference = cv2.absdiff(kept, changed)
    assert difference[60:200, 150:300].mean() < 2
    assert difference[400:].mean() > 4
    empty = np.full_like(portrait, 90)
    for _ in range(2):
        after = change_by(cartoonizer, empty, background=background)[0]
    assert np.array_equal(after, empty)


@pytest.mark.parametrize("shape", [(480, 640), (37, 301), (1080, 1920), (3, 2)])
def test_frame_mode_draws_frames_of_any_size_without_seams(cartoonizer, shape):
    frame = np.empty((*shape, 3), np.uint8)
    frame[:] = (200, 120, 40)
    after = cartoonizer.process(frame.copy(), dataclasses.replace(cartoonizer.settings, mode="frame"))
    assert after.shape == frame.shape
    assert after.reshape(-1, 3).std(0).max() < 6  # the network's answer to a flat colour is flat: tiles leave no seam
    assert cv2.absdiff(after, frame).mean() > 10


def test_the_largest_face_comes_first_when_time_is_short(tiny_model, portrait, timer):
    left, right = portrait[:320, 60:380], pixels.resize(portrait[:214, 100:350], 374, 320)
    both = np.hstack([left, right])
    changes = {}
    for budget_ms in (None, 0.001):
        cartoonizer = Cartoonizer(open_session(tiny_model), FaceFinder(2), timer, budget_ms=budget_ms)
        difference = cv2.absdiff(cartoonizer.process(both.copy()), both)
        assert len(cartoonizer.faces) == 2
        changes[budget_ms] = [difference[:, :320].mean(), difference[:, 320:].mean()]
    assert min(changes[None]) > 1
    assert changes[0.001][0] < 0.01 < 1 < changes[0.001][1]
    assert cartoonizer.skipped == 1


@pytest.mark.parametrize(("turn", "mirror"), [(0, True), (90, False), (180, True), (270, False)])
def test_a_frame_is_turned_and_mirrored_before_faces_are_looked_for(cartoonizer, portrait, turn, mirror):
    hanging = pixels.turn(pixels.turn(portrait, 0, mirror), -turn // 90)  # as such a camera gives it
    settings = dataclasses.replace(cartoonizer.settings, turn=turn, mirror=mirror)
    after = cartoonizer.process(hanging.copy(), settings)
    assert len(cartoonizer.faces) == 1
    assert np.array_equal(after, Cartoonizer(*fresh(cartoonizer)).process(portrait.copy()))
    cartoonizer.process(np.full_like(portrait, 90), dataclasses.replace(settings, mirror=not mirror))
    assert cartoonizer.faces == []


def fresh(cartoonizer):
    return cartoonizer.models, FaceFinder(), StageTimer()
