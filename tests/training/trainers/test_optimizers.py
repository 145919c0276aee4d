from __future__ import annotations

import pytest

pytest.importorskip("tensorflow")

from facetoon.training.trainers.optimizers import cosine_decay, linear_decay


def test_learning_rate_falls_linearly_in_the_second_half():
    assert [linear_decay(step, 100, 0.5) for step in (0, 50, 75, 100)] == [1, 1, 0.5, 0]
    assert linear_decay(40, 100, 0.2) == pytest.approx(0.75)


def test_a_cosine_falls_from_one_to_nothing():
    assert [cosine_decay(step, 100) for step in (0, 50, 100)] == pytest.approx([1, 0.5, 0])
