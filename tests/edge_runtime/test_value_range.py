from __future__ import annotations

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange, parse_ranges


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("-1..1", ((-1, 1), (-1, 1))),
        ("0..255,0..1", ((0, 255), (0, 1))),
        ("-0.5..0.5", ((-0.5, 0.5), (-0.5, 0.5))),
    ],
)
def test_one_range_for_both_or_one_for_each(text, ranges):
    assert parse_ranges(text) == tuple(ValueRange((low,), (high,)) for low, high in ranges)


@pytest.mark.parametrize("text", ["", "255", "1..0", "1..1", "0..x", "0..1..2", "0..inf", "nan..1", "0..1,", "0..1,2"])
def test_other_texts_are_one_sentence(text):
    with pytest.raises(InputError, match=r"is none: write LEAST\.\.GREATEST, such as 0\.\.255"):
        parse_ranges(text)


def test_it_is_written_as_it_is_read():
    assert str(ValueRange.parse("-1..1")) == "-1..1"
    assert str(ValueRange((-2.1, -2, -1.8), (2.2, 2.4, 2.6))) == "-2.1,-2,-1.8..2.2,2.4,2.6"
