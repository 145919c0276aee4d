from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime import pixels


def test_identity_warp_is_exact(gradient):
    matrix = np.float32([[1, 0, 0], [0, 1, 0]])
    assert np.array_equal(pixels.warp(gradient, matrix, 256), gradient)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_a_shrinking_warp_agrees_with_area_resize(gradient, factor):
    size = 240 // factor
    picture = gradient[:240, :240]
    shift = (factor - 1) / 2  # pixel centres
    matrix = np.float32([[factor, 0, shift], [0, factor, shift]])
    difference = pixels.warp(picture, matrix, size).astype(int) - pixels.resize(picture, size, size)
    assert np.abs(difference).max() <= 1


def test_fit_keeps_proportions():
    wide = np.full((100, 400, 3), 200, np.uint8)
    out = pixels.fit(wide, 200, 200)
    assert out.shape == (200, 200, 3)
    assert (out[75:125] == 200).all()
    assert (out[:74] == 0).all()


@pytest.mark.parametrize("shape", [(100, 400), (400, 100), (7, 9), (200, 300)])
def test_cover_fills_the_whole_with_the_middle(shape):
    picture = np.zeros((*shape, 3), np.uint8)
    picture[shape[0] // 2, shape[1] // 2] = 255
    out = pixels.cover(picture, 300, 200)
    assert out.shape == (200, 300, 3)
    middle = np.argwhere(out[:, :, 0] == out.max()).mean(0)
    assert np.abs(middle - (100, 150)).max() <= max(200 / shape[0], 300 / shape[1]) + 1


def test_bending_by_nothing_and_by_whole_pixels_is_exact(gradient):
    still = np.zeros((*gradient.shape[:2], 2), np.float32)
    np.testing.assert_array_equal(pixels.bend(gradient, still), gradient)
    right = still + np.array([1, 0], np.float32)
    np.testing.assert_array_equal(pixels.bend(gradient, right)[:, :-1], gradient[:, 1:])
