from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.foreign.foreign_generator import open_generator

UNIT = ValueRange.parse("-1..1")


@pytest.mark.parametrize("shape", [(1, 8, 8, 3), (1, 3, 8, 8), ("n", 3, "h", "w"), (1, "h", "w", 3)])
def test_layouts_and_free_sizes_draw_the_same(shape, save_onnx, tmp_path, pictures):
    generator = open_generator(save_onnx(tmp_path / "negative.onnx", shape), None, UNIT, UNIT)
    assert generator.size_px == (8 if 8 in shape else None)
    assert np.array_equal(generator.translate(pictures(8)), 255 - pictures(8))


def test_a_range_that_nobody_says_is_one_sentence(save_onnx, tmp_path):
    with pytest.raises(InputError, match=r"range of values of its input and output: state it with --range, such as 0"):
        open_generator(save_onnx(tmp_path / "silent.onnx"))
