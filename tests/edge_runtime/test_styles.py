from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Framing
from facetoon.edge_runtime.spec import ModelSpec
from facetoon.edge_runtime.styles import (
    check_mix,
    faces_only,
    format_mix,
    interpolate,
    moving_share,
    parse_mix,
    random_mix,
    to_vector,
)

SPEC = ModelSpec("m", "photo to cartoon", "float32", Framing())
NAMES = ("anime", "comic", "ink")


def test_text_to_mix_and_back():
    mix = parse_mix(" anime:3, comic:1 ", NAMES)
    assert mix == {"anime": 0.75, "comic": 0.25}
    assert parse_mix(format_mix(mix), NAMES) == mix
    assert parse_mix("ink", NAMES) == {"ink": 1.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("manga", "no style 'manga'; this model has anime, comic, ink, photo"),
        ("anime:x", "written name or name:share"),
        ("anime:-1", "must be from 0 to 1000000"),
        ("anime:inf", "must be from 0 to 1000000"),
        ("anime:0", "at least one share"),
        ("anime:1e308,comic:1e308", "must be from 0 to 1000000"),
        ("anime:nan", "must be from 0 to 1000000"),
        ("", "no style ''"),
    ],
)
def test_what_is_no_mix_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        parse_mix(text, NAMES)


def test_photo_takes_strength_from_a_model_that_does_not_know_it():
    vector, strength = to_vector(parse_mix("anime:1,comic:1,photo:2", NAMES), NAMES)
    np.testing.assert_allclose(vector, [0.5, 0.5, 0])
    assert strength == 0.5
    vector, strength = to_vector({"photo": 1.0}, NAMES)
    assert vector.sum() == 1
    assert strength == 0


def test_photo_is_a_style_to_a_model_that_knows_it():
    vector, strength = to_vector({"anime": 0.25, "photo": 0.75}, ("anime", "photo"))
    np.testing.assert_allclose(vector, [0.25, 0.75])
    assert strength == 1


def test_new_styles_lie_in_the_simplex_and_come_again_with_their_seed():
    mixes = [random_mix((*NAMES, "photo"), seed) for seed in range(20)]
    for mix in mixes:
        assert check_mix(mix, NAMES) == pytest.approx(mix)
        assert "photo" not in mix
    assert mixes[3] == random_mix(NAMES, 3)
    assert mixes[3] != mixes[4]


def test_a_morph_starts_at_one_mix_and_ends_at_the_other():
    start, end = {"anime": 1.0}, {"comic": 0.5, "ink": 0.5}
    assert interpolate(start, end, 0) == start
    assert interpolate(start, end, 1) == end
    assert sum(interpolate(start, end, 0.3).values()) == pytest.approx(1)


def test_styles_that_move_features_are_those_that_the_spec_does_not_name():
    some = replace(SPEC, styles=("anime", "comic", "photo"), keeps_shape=("comic",))
    assert faces_only(some) == ("anime",)
    assert moving_share(np.float32([0.25, 0.5, 0.25]), some) == 0.25
    none_named = replace(some, keeps_shape=())
    assert faces_only(none_named) == ()  # an older file draws whole frames in every style, as it did
    assert moving_share(np.float32([0.25, 0.5, 0.25]), none_named) == 0.75
    baked = np.float32([])
    assert moving_share(baked, replace(SPEC, styles=("comic",), keeps_shape=("comic",))) == 0
    assert moving_share(baked, replace(SPEC, styles=("anime",), keeps_shape=("comic",))) == 1
    assert moving_share(baked, SPEC) == 1
