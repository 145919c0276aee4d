from __future__ import annotations

import json

import pytest

from facetoon.edge_runtime.errors import InputError, shown
from facetoon.edge_runtime.spec import ModelSpec, read_model


@pytest.mark.parametrize(
    "change",
    [
        {"name": 7},
        {"name": "a\x1b[2Jb"},
        {"name": "x" * 201},
        {"name": "a\n"},
        {"styles": "anime"},
        {"styles": ["anime", 3]},
        {"styles": ["s"] * 257},
        {"matte": "yes"},
        {"value_range": [-1]},
        {"value_range": [0, 1e300]},
        {"framing": None},
        {"framing": {"face_height": "tall"}},
        {"scores": [1]},
        {"sha256": "A" * 64},
        {"licence": "\u202etxt"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_field_of_another_type_or_range_is_refused(tiny_model, change):
    values = json.loads(read_model(tiny_model)[1].to_json()) | change
    with pytest.raises(InputError, match=r"m\.tflite carries a model spec that cannot be read") as refusal:
        ModelSpec.from_json(json.dumps(values), "m.tflite")
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 9 + "1" + "}" * 9, "nested too deep"),
        ('{"schema": ' + "9" * 5000 + "}", "a number has 5000 digits"),
        ("3", "it is no JSON object"),
        ("{", "Expecting"),
    ],
)
def test_a_text_that_is_no_spec_is_refused(text, reason):
    with pytest.raises(InputError, match=reason):
        ModelSpec.from_json(text, "m.tflite")


def test_text_of_a_file_is_shown_in_one_short_line():
    assert shown("a\x1b[2J\nb\u202e") == r"a\x1b[2J\nb\u202e"
    assert len(shown("x" * 10_000)) == 200
