from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.photos.still_cartoonist import StillCartoonist
from facetoon.edge_runtime.sessions.session import open_session


@pytest.fixture
def cartoonist(tiny_model):
    return StillCartoonist(open_session(tiny_model.with_name("tiny-32-styles.tflite")))


def test_a_picture_comes_out_as_it_does_alone(cartoonist, portrait, tiny_model):
    """A face of the picture before was followed: the cartoon lay beside the head."""
    settings = [cartoonist.settings()]
    moved = np.roll(portrait, 60, axis=1)
    cartoonist.draw(moved, settings)
    (after,), faces = cartoonist.draw(portrait, settings)
    assert faces == 1
    alone = StillCartoonist(open_session(tiny_model.with_name("tiny-32-styles.tflite")))
    assert np.array_equal(after, alone.draw(portrait, settings)[0][0])


def test_all_faces_are_drawn_in_every_style_and_the_photograph_stays(cartoonist, portrait):
    group = np.full((700, 1400, 3), 90, np.uint8)
    person = portrait[20:260, 100:340]
    places = [(row, column) for row in (40, 400) for column in (40, 400, 760, 1120)]
    for row, column in places:
        group[row : row + 240, column : column + 240] = person
    before = group.copy()
    styles = [cartoonist.settings(style=name) for name in cartoonist.styles]
    cartoons, faces = cartoonist.draw(group, styles)
    assert faces == len(places)
    assert np.array_equal(group, before)
    for cartoon in cartoons:
        for row, column in places:
            square = np.s_[row + 60 : row + 160, column + 70 : column + 170]
            assert np.abs(cartoon[square].astype(int) - group[square]).max() > 20
    assert not np.array_equal(*cartoons)


def test_only_the_largest_are_drawn_when_so_asked(tiny_model, portrait):
    small = portrait[20:260:2, 100:340:2]
    both = np.full((512, 700, 3), 90, np.uint8)
    both[:, :512] = portrait
    both[350 : 350 + small.shape[0], 560 : 560 + small.shape[1]] = small
    one, every = (StillCartoonist(open_session(tiny_model), faces=faces) for faces in (1, None))
    assert [each.draw(both, [each.settings()])[1] for each in (one, every)] == [1, 2]


def test_wrong_values_are_one_sentence(cartoonist, tiny_model):
    with pytest.raises(InputError, match="There is no style 'oil'"):
        cartoonist.settings(style="oil")
    with pytest.raises(InputError, match="least height is 24 px"):
        StillCartoonist(open_session(tiny_model), smallest_px=9)
