from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.judge.comparison import score
from facetoon.convert.judge.kid import kid_change


def pictures(count: int, seed: int) -> np.ndarray:
    blocks = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), np.uint8)
    return blocks.repeat(16, 1).repeat(16, 2)


def test_a_file_that_changes_nothing_changes_no_distance():
    drawn = pictures(64, 1)
    change = kid_change(score(drawn, drawn, drawn))
    assert change["change"] == 0
    assert change["interval"] == [0, 0]


def test_a_file_that_spoils_its_pictures_leaves_the_interval():
    drawn = pictures(64, 1)
    change = kid_change(score(drawn, drawn, drawn // 8 + 100))
    assert change["change"] > 0
    assert change["interval"][0] > 0


def test_few_pictures_say_nothing():
    drawn = pictures(63, 1)
    assert kid_change(score(drawn, drawn, drawn)) == {}
