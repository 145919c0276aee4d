"""Every source has its turn, however few pictures it has."""

from __future__ import annotations

import numpy as np
import pytest

from facetoon.training.pictures.even_sampling import draw_evenly, take_turns

SOURCE = np.array([0, 0, 0, 0, 2, 2, 5])


@pytest.mark.parametrize(
    ("count", "repeat", "rows"),
    [
        (4, False, [0, 4, 6, 1]),
        (20, False, [0, 4, 6, 1, 5, 2, 3]),
        (8, True, [0, 4, 6, 1, 5, 6, 2, 4]),
        (0, False, []),
    ],
)
def test_one_of_each_source_in_turn(count, repeat, rows):
    assert take_turns(SOURCE, count, repeat=repeat) == rows


def test_each_source_in_an_order_of_its_own():
    assert take_turns(SOURCE, 4, lambda rows: rows[::-1]) == [3, 5, 6, 2]


def test_sources_are_drawn_evenly():
    rows = draw_evenly(SOURCE, 3000, np.random.default_rng(1))
    shares = np.bincount(SOURCE[rows], minlength=6) / 3000
    assert shares[[0, 2, 5]] == pytest.approx([1 / 3] * 3, abs=0.03)
