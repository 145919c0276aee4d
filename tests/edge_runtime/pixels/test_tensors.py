from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.value_range import ValueRange


def test_unit_range_covers_every_grey_level():
    levels = np.arange(256, dtype=np.uint8)
    unit = pixels.to_unit(levels)
    assert unit[0] == -1.0
    assert unit[255] == 1.0
    assert np.array_equal(pixels.from_unit(unit), levels)


@pytest.mark.parametrize(("dtype", "zero_point"), [(np.int8, -1), (np.uint8, 128)])
def test_quantized_tables_lose_at_most_one_level(dtype, zero_point):
    scale = 2 / 255
    codes = pixels.encode_table(np.dtype(dtype), scale, zero_point)
    back = pixels.decode_table(np.dtype(dtype), scale, zero_point)[codes.view(np.uint8)]
    assert np.abs(back.astype(int) - np.arange(256)).max() <= 1


def test_encode_table_saturates_instead_of_wrapping():
    codes = pixels.encode_table(np.dtype(np.int8), 1 / 200, 0)
    assert codes[0] == -128
    assert codes[255] == 127


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint8])
def test_the_fourth_channel_is_the_matte(gradient, dtype):
    is_float = np.issubdtype(dtype, np.floating)
    scale, zero_point = 2 / 255, 128 if dtype == np.uint8 else -1
    levels = np.dstack([gradient, gradient[::-1, :, 1]])
    tensor = np.take(pixels.encode_table(np.dtype(dtype), scale, zero_point), levels)[np.newaxis]
    table = None if is_float else pixels.decode_table(np.dtype(dtype), scale, zero_point)
    assert np.abs(pixels.to_image(tensor, table).astype(int) - gradient).max() <= 1
    assert np.abs(pixels.to_matte(tensor, table).astype(int) - gradient[::-1, :, 1]).max() <= 1


def test_tensor_and_back_keeps_the_picture(gradient):
    table = pixels.encode_table(np.dtype(np.float32), 0.0, 0)
    assert np.array_equal(pixels.to_image(pixels.to_tensor(gradient, table), None), gradient)


@pytest.mark.parametrize("text", ["-1..1", "0..1", "0..255"])
def test_every_grey_level_passes_through_every_range(text):
    levels, values = np.arange(255, dtype=np.uint8).reshape(5, 17, 3), ValueRange.parse(text)
    numbers = pixels.to_range(levels, values)
    assert numbers.dtype == np.float32
    assert numbers.min() == values.low[0]
    assert np.array_equal(pixels.from_range(numbers, values), levels)


def test_each_channel_may_have_a_range_of_its_own():
    values = ValueRange((-2.0, -1.0, 0.0), (2.0, 1.0, 0.5))
    ends = pixels.to_range(np.uint8([[0, 0, 0], [255, 255, 255]]), values)
    np.testing.assert_allclose(ends, [values.low, values.high], atol=1e-6)
    assert pixels.from_range(np.float32([9, 0, -9]), values).tolist() == [255, 128, 0]


def test_values_that_are_no_grey_levels_are_drawn_without_a_warning():
    damaged = np.array([np.nan, np.inf, -np.inf, 3e38], np.float32).reshape(1, 2, 2, 1).repeat(4, -1)
    levels = np.array([[0, 255], [0, 255]], np.uint8)
    assert np.array_equal(pixels.to_image(damaged, None), np.dstack([levels] * 3))
    assert np.array_equal(pixels.to_matte(damaged, None), levels)
