from __future__ import annotations

import numpy as np

from facetoon.training.work.kept_arrays import kept_arrays


def test_arrays_are_made_once_for_the_same_reasons(tmp_path):
    made = []

    def make():
        made.append(np.arange(len(made), 3.0))
        return {"numbers": made[-1], "none": np.zeros((0, 5))}

    first = kept_arrays(tmp_path / "cache", "numbers", (1, "a"), make)
    again = kept_arrays(tmp_path / "cache", "numbers", (1, "a"), make)
    assert len(made) == 1
    assert all(np.array_equal(first[name], again[name]) for name in ("numbers", "none"))
    kept_arrays(tmp_path / "cache", "numbers", (2, "a"), make)
    assert len(list((tmp_path / "cache").iterdir())) == len(made) == 2


def test_without_a_folder_they_are_made_each_time():
    made = [kept_arrays(None, "numbers", (), lambda: {"numbers": np.zeros(2)}) for _ in range(2)]
    assert made[0] is not made[1]
