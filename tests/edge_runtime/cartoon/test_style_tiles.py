from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.cartoon.style_tiles import ASKED_S, AWAY_S, TILE_PX, StyleTiles
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.sessions.session import open_session

FACE = Face(224.0, 128.0, 150.0)


@pytest.fixture
def session(tiny_model):
    return open_session(tiny_model.with_name("tiny-32-styles.tflite"))


@pytest.fixture
def now_s():
    return [100.0]


@pytest.fixture
def tiles(session, now_s):
    return StyleTiles({"tiny": session}, (np.full((256, 256, 3), 60, np.uint8), Face(128, 128, 100)), lambda: now_s[0])


def pictures(tiles):
    return [cv2.imdecode(np.frombuffer(tile.jpeg, np.uint8), cv2.IMREAD_COLOR) for tile in tiles.ask()]


def draw_all(tiles, now_s, frame, faces):
    for _ in tiles.ask():
        tiles.tend(frame, faces)
        now_s[0] += 1


def test_each_style_is_drawn_in_its_turn_and_the_session_keeps_its_own(tiles, session, now_s, portrait):
    before, style = portrait.copy(), session.style
    draw_all(tiles, now_s, portrait, [FACE])
    assert [tile.number for tile in tiles.ask()] == [1] * len(session.styles)
    assert [tile.style for tile in tiles.ask()] == list(session.styles)
    plain, other = pictures(tiles)[:2]
    assert plain.shape == (TILE_PX, TILE_PX, 3)
    assert cv2.absdiff(plain, other).mean() > 10
    assert session.style is style
    assert np.array_equal(before, portrait)


def test_nothing_is_drawn_while_nobody_asks_and_only_a_share_of_the_time(tiles, now_s, portrait):
    tiles.tend(portrait, [FACE])
    tiles.ask()
    tiles.tend(portrait, [FACE])
    tiles.tend(portrait, [FACE])  # at once again: not due
    assert sum(tile.number for tile in tiles.ask()) == 1
    now_s[0] += ASKED_S + 1
    tiles.tend(portrait, [FACE])
    assert sum(tile.number for tile in tiles.ask()) == 1


def test_a_slow_model_waits_longer(session, portrait):
    seconds = iter([0.0, 0.0, 10.0, 10.0 + 0.9 * 250, 0.0])  # ask, begin, end: one drawing took ten seconds
    tiles = StyleTiles({"tiny": session}, (portrait, FACE), lambda: next(seconds))
    tiles.ask()
    tiles.tend(portrait, [FACE])
    assert tiles._next_s == pytest.approx(250)


def test_a_visitors_face_leaves_with_him(tiles, session, now_s, portrait):
    draw_all(tiles, now_s, portrait, [FACE])
    visitor = pictures(tiles)
    now_s[0] += 0.5
    tiles.ask()
    tiles._face_s = now_s[0]
    tiles.tend(portrait, [])  # lost for a moment: the tiles stay
    assert [tile.number for tile in tiles.ask()] == [1] * len(session.styles)
    now_s[0] += AWAY_S
    draw_all(tiles, now_s, portrait, [])
    draw_all(tiles, now_s, portrait, [])
    assert [tile.number for tile in tiles.ask()] == [2] * len(session.styles)  # the stand-in is drawn once
    for before, after in zip(visitor, pictures(tiles), strict=True):
        assert after.std() < 5 < before.std()
