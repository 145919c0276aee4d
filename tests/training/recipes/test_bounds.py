"""The values that a bound allows, and its words for others."""

from __future__ import annotations

import pytest

from facetoon.training.recipes.bounds import GroupPattern, OneOf, Range, SomeOf


@pytest.mark.parametrize(
    ("bound", "allowed", "refused", "words"),
    [
        (Range(0, 1), (0.0, 0.5, 1.0), (-0.1, 1.1), "from 0 to 1"),
        (Range(0), (0, 7.5), (-1, float("inf"), float("nan")), "0 or more"),
        (Range(0, below=1), (0.0, 0.9), (1.0,), "0 or more and less than 1"),
        (Range(above=0), (1e-9,), (0,), "more than 0"),
        (Range(above=0, most=1), (1.0, (0.2, 1.0), (0.3, 0.3)), (0.0, (0.0, 1.0)), "more than 0 and at most 1"),
        (Range(), (-5.0, 1e300), (float("inf"), float("nan")), "a finite number"),
        (Range(0, 1), ((0.2, 0.3),), ((0.3, 0.2),), "a smaller and a larger number, in this order"),
        (OneOf(("a", "b", "c")), ("a", "c"), ("", "d"), "a, b or c"),
        (OneOf((1, 2)), (1, 2), (3,), "1 or 2"),
        (SomeOf(("a", "b")), ("", "a", "b,a"), ("c", "a,c"), "some of a,b"),
        (GroupPattern(), ("", "(a)"), ("a",), "a regular expression with a group in brackets"),
    ],
)
def test_bounds(bound, allowed, refused, words):
    assert [bound.refusal(value) for value in allowed] == [""] * len(allowed)
    assert [bound.refusal(value) for value in refused] == [words] * len(refused)
