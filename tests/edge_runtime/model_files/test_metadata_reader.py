from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facetoon.convert.formats.tflite_metadata import with_metadata
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.metadata_reader import IDENTIFIER, metadata_ranges, read_metadata
from facetoon.edge_runtime.spec import read_model

MODEL, SPEC = read_model(Path(__file__).parents[2] / "data" / "tiny-32.tflite")


@pytest.mark.parametrize("value_range", [(-1.0, 1.0), (0.0, 255.0), (0.0, 1.0)])
def test_mean_and_deviation_give_the_values_of_black_and_white(value_range):
    for said in metadata_ranges(with_metadata(MODEL, replace(SPEC, value_range=value_range))):
        np.testing.assert_allclose((*said.low, *said.high), value_range, atol=1e-4)


def test_a_file_without_metadata_says_nothing():
    assert read_metadata(MODEL) == {}
    assert metadata_ranges(MODEL) == (None, None)


def test_damaged_metadata_are_one_sentence():
    """Each offset in turn leads out of the file."""
    data = with_metadata(MODEL, SPEC)
    start = data.index(IDENTIFIER) - 4
    sentences = set()
    for place in range(start, start + 400, 4):
        for read in (read_metadata, metadata_ranges):
            try:
                read(data[:place] + b"\xf0\xff\xff\x7f" + data[place + 4 :], "m.tflite")
            except InputError as error:
                sentences.add(str(error))
    assert len(sentences) > 2
    assert all(sentence.startswith("m.tflite carries damaged TFLITE_METADATA: ") for sentence in sentences)


def test_a_range_without_end_is_none():
    source, _ = metadata_ranges(with_metadata(MODEL, replace(SPEC, value_range=(0.0, 3e38))))
    assert source is None or np.isfinite((*source.low, *source.high)).all()
