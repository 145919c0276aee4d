from __future__ import annotations

import dataclasses
import json
from typing import ClassVar

import numpy as np
import pytest

from facetoon.edge_runtime.cartoon.background import Picture
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.errors import InputError

KNOWN = {"a": ("ink", "wash"), "b": ("wash", "oil"), "plain": ()}
START = LiveSettings("a", {"ink": 1.0})


def test_good_values_are_taken_and_the_old_settings_stay():
    values = {"strength": 1, "split": 0.5, "colour_match": 0.3, "background": "blur", "mode": "frame", "faces": 3.0,
              "morph_s": 2, "sharpen": 0.2, "background_colour": "#00FF00",
              "style": {"ink": 1, "photo": 3}}  # fmt: skip
    changed = START.patched(values, KNOWN)
    wanted = LiveSettings(
        "a", {"ink": 0.25, "photo": 0.75}, 1.0, 0.5, 0.3, 0.2, "blur", "#00FF00", None, "frame", 3, 2.0
    )
    assert changed == wanted
    assert LiveSettings("a", {"ink": 1.0}) == START
    assert changed.patched({"split": None}, KNOWN).split is None
    assert START.patched({"style": "ink:1,wash:1"}, KNOWN).style == {"ink": 0.5, "wash": 0.5}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"speed": 1}, "no setting 'speed'"),
        ({"strength": 1.1}, "strength must be a number from 0 to 1, not 1.1"),
        ({"strength": True}, "not True"),
        ({"strength": float("nan")}, "not nan"),
        ({"strength": "1"}, "not '1'"),
        ({"split": -0.1}, "split must be"),
        ({"faces": 0}, "whole number from 1 to 16"),
        ({"faces": 1.5}, "whole number"),
        ({"faces": float("inf")}, "whole number"),
        ({"background": "pink"}, "keep, blur, colour, picture or cartoon, not 'pink'"),
        ({"background": "picture"}, "No picture is loaded"),
        ({"picture": "/etc/passwd"}, "Only the flag --background sets the picture"),
        ({"background_colour": "#ff880"}, "a colour such as #ff8800, not '#ff880'"),
        ({"background_colour": "#ff8800\n"}, "a colour such as #ff8800"),
        ({"sharpen": 2}, "sharpen must be a number from 0 to 1"),
        ({"mode": ["face"]}, "mode must be face or frame"),
        ({"morph_s": 61}, "from 0 to 60"),
        ({"model": "c"}, "no model 'c' loaded; choose from a, b, plain"),
        ({"model": []}, "no model"),
        ({"style": 3}, "style must be an object"),
        ({"style": {"oil": 1}}, "no style 'oil'"),
        ({"style": {"ink": "much"}}, "style.ink must be a number"),
        ({"style": {"ink": 1}, "random_seed": 1}, "not both"),
        ({"random_seed": -1}, "random_seed must be"),
        ({"model": "plain", "random_seed": 1}, "baked in"),
        ({"strength": "x" * 5000}, r"\.\.\.\.$"),
    ],
)
def test_bad_values_are_one_sentence(values, message):
    with pytest.raises(InputError, match=message) as caught:
        START.patched(values, KNOWN)
    assert len(str(caught.value)) < 200


def test_a_new_model_keeps_the_style_it_knows_and_else_takes_its_first():
    assert START.patched({"model": "b"}, KNOWN).style == {"wash": 1.0}
    washed = START.patched({"style": {"wash": 1}}, KNOWN)
    assert washed.patched({"model": "b"}, KNOWN).style == {"wash": 1.0}
    assert washed.patched({"model": "plain"}, KNOWN).style == {}
    assert washed.patched({"model": "plain", "style": {}}, KNOWN).style == {}
    assert washed.patched({"model": "b", "style": {"oil": 1}}, KNOWN).style == {"oil": 1.0}


def test_a_slider_stays_where_it_was_put_and_the_photograph_takes_the_rest():
    """Half of the only style was all of it, and none of it was refused."""
    for given, wanted in (
        ({"ink": 0.5}, {"ink": 0.5, "photo": 0.5}),
        ("ink:0.5", {"ink": 0.5, "photo": 0.5}),
        ({"ink": 0}, {"photo": 1.0}),
        ({}, {"photo": 1.0}),
        ({"ink": 1, "wash": 0}, {"ink": 1.0}),
        ({"ink": 0.1, "wash": 0.2, "photo": 0.7}, {"ink": 0.1, "wash": 0.2, "photo": 0.7}),
        ({"ink": 3, "wash": 1}, {"ink": 0.75, "wash": 0.25}),
    ):
        assert START.patched({"style": given}, KNOWN).style == pytest.approx(wanted)
    plain = START.patched({"model": "plain"}, KNOWN)
    assert plain.patched({"style": {"photo": 0.3}}, KNOWN).style == {"photo": 0.3}
    assert plain.patched({"style": {"photo": 0}}, KNOWN).style == {}


def test_a_style_comes_back_with_a_model_that_can_draw_it():
    """One model to and fro made it the first style."""
    mixed = START.patched({"style": {"ink": 0.4, "wash": 0.4, "photo": 0.2}}, KNOWN)
    other = mixed.patched({"model": "b"}, KNOWN)
    assert other.style == pytest.approx({"wash": 0.8, "photo": 0.2})
    plain = other.patched({"model": "plain", "strength": 0.5}, KNOWN)
    assert plain.style == {"photo": 0.2}
    assert plain.patched({"model": "a"}, KNOWN).style == pytest.approx(mixed.style)
    assert "wish" not in mixed.to_json()


def test_a_random_style_is_the_same_for_the_same_seed():
    one, again, other = (START.patched({"random_seed": seed}, KNOWN).style for seed in (1, 1, 2))
    assert one == again != other
    assert sum(one.values()) == pytest.approx(1)


def test_a_picture_comes_from_the_flags_and_is_told_by_its_name():
    picture = Picture("beach.jpg", np.zeros((4, 4, 3), np.uint8))
    shown = START.patched({"background": "picture", "picture": picture}, KNOWN)
    assert shown.patched({"background": "blur"}, KNOWN).patched({"background": "picture"}, KNOWN).picture is picture
    assert json.loads(json.dumps(shown.to_json()))["picture"] == "beach.jpg"
    assert START.to_json()["picture"] is None


class TestWholeFrames:
    """Styles that move features draw faces alone; a tile of a frame would show a box."""

    FACES_ONLY: ClassVar = {"a": ("ink",), "b": (), "plain": ("baked",)}
    WHOLE = ({"mode": "frame"}, {"background": "cartoon"})

    @pytest.mark.parametrize("whole", WHOLE)
    def test_a_moving_style_is_refused_in_one_sentence(self, whole):
        with pytest.raises(InputError, match=r"ink moves features, .* not whole frames or backgrounds; .* from wash"):
            START.patched(whole, KNOWN, self.FACES_ONLY)
        still = START.patched({**whole, "style": "wash:0.4,photo:0.6"}, KNOWN, self.FACES_ONLY)
        with pytest.raises(InputError, match="ink moves features"):
            still.patched({"style": "wash:0.9,ink:0.1"}, KNOWN, self.FACES_ONLY)
        assert START.patched(whole, KNOWN) == dataclasses.replace(START, **whole)  # a model that names none

    @pytest.mark.parametrize("whole", WHOLE)
    def test_a_baked_moving_look_has_no_other_style(self, whole):
        with pytest.raises(InputError, match=r"baked moves features.*this model has no other style"):
            START.patched({"model": "plain", **whole}, KNOWN, self.FACES_ONLY)

    @pytest.mark.parametrize("whole", WHOLE)
    def test_what_is_chosen_for_the_viewer_fits(self, whole):
        unset = dataclasses.replace(START, style={})
        assert unset.patched(whole, KNOWN, self.FACES_ONLY).style == {"wash": 1.0}
        assert START.patched({**whole, "random_seed": 3}, KNOWN, self.FACES_ONLY).style == {"wash": 1.0}
        oil = START.patched({"model": "b", "style": "oil", **whole}, KNOWN, self.FACES_ONLY)
        assert oil.patched({"model": "a"}, KNOWN, self.FACES_ONLY).style == {"wash": 1.0}
