from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facetoon.convert.formats.tflite_metadata import with_metadata
from facetoon.edge_runtime.model_files.metadata_reader import metadata_ranges, read_metadata
from facetoon.edge_runtime.spec import read_model

MODEL, SPEC = read_model(Path(__file__).parents[2] / "data" / "tiny-32.tflite")


@pytest.mark.parametrize("value_range", [(-1.0, 1.0), (0.0, 255.0), (0.0, 1.0)])
def test_mean_and_deviation_give_the_values_of_black_and_white(value_range):
    for said in metadata_ranges(with_metadata(MODEL, replace(SPEC, value_range=value_range))):
        np.testing.assert_allclose((*said.low, *said.high), value_range, atol=1e-4)


def test_a_file_without_metadata_says_nothing():
    assert read_metadata(MODEL) == {}
    assert metadata_ranges(MODEL) == (None, None)
