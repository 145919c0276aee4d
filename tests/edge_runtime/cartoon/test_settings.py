from __future__ import annotations

import pytest

from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.errors import InputError

KNOWN = {"a": ("ink", "wash"), "b": ("wash", "oil"), "plain": ()}
START = LiveSettings("a", {"ink": 1.0})


def test_good_values_are_taken_and_the_old_settings_stay():
    values = {"strength": 1, "split": 0.5, "colour_match": 0.3, "background": "blur", "mode": "frame", "faces": 3.0,
              "morph_s": 2, "style": {"ink": 1, "photo": 3}}  # fmt: skip
    changed = START.patched(values, KNOWN)
    assert changed == LiveSettings("a", {"ink": 0.25, "photo": 0.75}, 1.0, 0.5, 0.3, "blur", "frame", 3, 2.0)
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
        ({"background": "pink"}, "keep, blur or cartoon, not 'pink'"),
        ({"mode": ["face"]}, "mode must be face or frame"),
        ({"morph_s": 61}, "from 0 to 60"),
        ({"model": "c"}, "no model 'c' loaded; choose from a, b, plain"),
        ({"model": []}, "no model"),
        ({"style": 3}, "style must be an object"),
        ({"style": {"oil": 1}}, "no style 'oil'"),
        ({"style": {"ink": "much"}}, "style.ink must be a number"),
        ({"style": {}}, "at least one share"),
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


def test_a_random_style_is_the_same_for_the_same_seed():
    one, again, other = (START.patched({"random_seed": seed}, KNOWN).style for seed in (1, 1, 2))
    assert one == again != other
    assert sum(one.values()) == pytest.approx(1)
