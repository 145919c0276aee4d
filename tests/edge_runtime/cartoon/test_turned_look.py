from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.cartoon.turned_look import TurnedLook
from facetoon.edge_runtime.faces.finder import FaceFinder

START = LiveSettings("a")
RATE_HZ = 1


def seconds_until_hint(look, frame, settings, longest_s=17):
    """Show a frame in which no face is found; the time until the hint comes, None when none does."""
    finder = look._finder
    for number in range(longest_s * RATE_HZ):
        look.look(frame, settings, bool(finder.find(frame)), number / RATE_HZ)
        if look.hint:
            return number / RATE_HZ
    return None


@pytest.mark.parametrize(
    ("hangs", "settings", "turn"),
    [(2, START, 180), (1, START, 270), (3, START, 90), (1, replace(START, turn=90), 0),
     (1, replace(START, mirror=True), 90)],
)  # fmt: skip
def test_it_says_once_which_turn_would_find_the_face(portrait, caplog, hangs, settings, turn):
    """`hangs` is how the finished frame stands, clockwise in quarters."""
    look = TurnedLook(FaceFinder())
    frame = pixels.turn(portrait, hangs)
    with caplog.at_level(logging.WARNING):
        after_s = seconds_until_hint(look, frame, settings)
        assert 10 <= after_s <= 16
        assert look.hint.endswith(f"--turn {turn}.")
        look.look(portrait, settings, True, after_s + 1)
        assert look.hint == ""
        assert seconds_until_hint(look, frame, settings) is None
    assert len(caplog.records) == 1


def test_it_is_silent_where_no_turn_helps_or_faces_come_and_go(portrait, caplog):
    random = np.random.default_rng(1)
    look = TurnedLook(FaceFinder())
    assert seconds_until_hint(look, random.integers(0, 256, (120, 160, 3), np.uint8), START) is None
    upside_down = pixels.turn(portrait, 2)
    for number in range(25):
        look.look(upside_down, START, number % 9 == 0, number)
        assert not look.hint
    assert seconds_until_hint(look, upside_down, replace(START, mode="frame")) is None
    assert not caplog.records
