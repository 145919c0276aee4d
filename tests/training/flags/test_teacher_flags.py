from __future__ import annotations

import argparse

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import parse_ranges
from facetoon.training.flags.teacher_flags import add_teachers, blue_first_of, ranges_of, sizes_of


def parsed(*flags):
    parser = argparse.ArgumentParser()
    add_teachers(parser)
    return parser.parse_args(["--teacher", "any", *flags])


def test_a_single_teacher_needs_no_name():
    both = parsed("--teacher-range=-1..1", "--teacher-size", "64")
    assert ranges_of(both, [""]) == {"": parse_ranges("-1..1")}
    assert sizes_of(both, ["paint"]) == {"paint": 64}


def test_several_are_named():
    given = parsed("--teacher-range", "ink=0..1", "--teacher-range", "paint=-1..1,0..255", "--teacher-size", "ink=96")
    assert ranges_of(given, ["ink", "paint"]) == {"ink": parse_ranges("0..1"), "paint": parse_ranges("-1..1,0..255")}
    assert sizes_of(given, ["ink", "paint"]) == {"ink": 96}
    assert ranges_of(parsed(), ["ink", "paint"]) == {}


@pytest.mark.parametrize(
    ("flags", "names", "sentence"),
    [
        (["--teacher-range", "0..1"], ["ink", "paint"], "names no --teacher"),
        (["--teacher-range", "oil=0..1"], ["ink"], "names no --teacher"),
        (["--teacher-range", "ink=0..1", "--teacher-range", "0..1"], ["ink"], "given twice for one teacher"),
        (["--teacher-range", "ink=white"], ["ink"], "The range white is none"),
    ],
)
def test_bad_ranges_are_one_sentence(flags, names, sentence):
    with pytest.raises(InputError, match=sentence):
        ranges_of(parsed(*flags), names)


def test_blue_comes_first_where_a_flag_says_so():
    assert blue_first_of(parsed("--teacher-bgr", "ink"), ["ink", "paint"]) == {"ink"}
    assert blue_first_of(parsed("--teacher-bgr"), [""]) == {""}
    assert blue_first_of(parsed(), ["ink"]) == set()
    with pytest.raises(InputError, match="names no --teacher"):
        blue_first_of(parsed("--teacher-bgr", "oil"), ["ink", "paint"])


@pytest.mark.parametrize("text", ["0", "-8", "256px", "1e3", ""])
def test_bad_sizes_are_one_sentence(text):
    with pytest.raises(InputError, match="is a side in px"):
        sizes_of(parsed(f"--teacher-size=ink={text}"), ["ink"])
