"""A user's own style, and the sentence about a file that is none."""

from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.drawn import style_programs
from facetoon.training.drawn.drawn_style import load_style
from facetoon.training.drawn.style_names import NAMES
from facetoon.training.drawn.warp import Shape

USERS = {
    "gone.txt": (None, r"There is no style .*gone\.txt; choose toon, .*, or name a \.py file"),
    "missing.py": (None, r"missing\.py cannot be read: No such file"),
    "broken.py": ("def draw(:\n", r"broken\.py does not load in line 1: SyntaxError"),
    "nothing.py": ("x = 1\n", r"nothing\.py has no function draw\(photo, landmarks\)"),
    "fails.py": ("def draw(photo, landmarks):\n    return photo / landmarks['a']\n", r"fails\.py fails in line 2"),
    "shape.py": ("def draw(photo, landmarks):\n    return photo[:9]\n", r"\(9, 160, 3\), not uint8 of shape \(160, 1"),
    "dtype.py": ("def draw(photo, landmarks):\n    return photo / 255\n", r"returned float64 of .*, not uint8 of"),
    "none.py": ("def draw(photo, landmarks):\n    pass\n", r"returned NoneType, not an array of uint8"),
    "few.py": ("def draw(photo):\n    return photo\n", r"few\.py fails: TypeError: draw\(\) takes 1 positional"),
}  # fmt: skip


@pytest.mark.parametrize("name", USERS)
def test_a_file_that_is_no_style_is_one_sentence(name, tmp_path, photo, points):
    code, sentence = USERS[name]
    if code is not None:
        (tmp_path / name).write_text(code)
    with pytest.raises(InputError, match=sentence) as caught:
        load_style(str(tmp_path / name)).draw(photo, points)
    assert "\n" not in str(caught.value)


def test_a_users_style_cannot_spoil_the_photograph(tmp_path, photo, points):
    (tmp_path / "mine.py").write_text("def draw(photo, landmarks):\n    photo[:] = 0\n    return photo\n")
    before = photo.copy()
    assert not load_style(str(tmp_path / "mine.py")).draw(photo, points).any()
    assert np.array_equal(photo, before)


def test_only_a_file_that_says_its_shape_is_known_to_keep_it(tmp_path):
    code = "def draw(photo, landmarks):\n    return photo\n"
    (tmp_path / "silent.py").write_text(code)
    (tmp_path / "still.py").write_text(f"from facetoon.training.drawn.warp import Shape\nSHAPE = Shape()\n{code}")
    (tmp_path / "wrong.py").write_text(f"SHAPE = 'round'\n{code}")
    assert load_style(str(tmp_path / "silent.py")).shape is None
    assert load_style(str(tmp_path / "still.py")).shape == Shape()
    with pytest.raises(InputError, match=r"wrong\.py has a SHAPE that is no .*Shape"):
        load_style(str(tmp_path / "wrong.py"))


def test_the_names_are_those_of_the_styles():
    assert tuple(style_programs.STYLES) == NAMES
