"""Picture sources are given once: as a data set, or as a source for each domain."""

from __future__ import annotations

import argparse

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.flags.source_flags import add_source, add_sources, sources_of
from facetoon.training.pictures.data_source import DataSource


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_sources(parser, "photos", "cartoons")
    add_source(parser, "--pairs", "pairs")
    return parser.parse_args(words)


def test_a_source_for_each_domain():
    arguments = parse("--photos", "a#x*", "b", "--cartoons", "c")
    assert sources_of(arguments, "cartoons", "photos") == {
        "cartoons": [DataSource("c")],
        "photos": [DataSource("a", "x*"), DataSource("b")],
    }


def test_a_data_set_has_a_domain_for_each():
    assert sources_of(parse("--dataset", "set #1"), "photos", "cartoons") == {
        "photos": [DataSource("set #1", domain="A")],
        "cartoons": [DataSource("set #1", domain="B")],
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "The pictures are missing: give --dataset DIR, or --photos and --cartoons."),
        (["--photos", "a"], "The pictures are missing: give --dataset DIR, or --photos and --cartoons."),
        (["--photos", "a", "--dataset", "d"], "Give --dataset, or --photos and --cartoons, but not both."),
    ],
)
def test_anything_else_is_one_sentence(words, sentence):
    with pytest.raises(InputError) as raised:
        sources_of(parse(*words), "photos", "cartoons")
    assert str(raised.value) == sentence
