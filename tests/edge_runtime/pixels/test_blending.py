from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.framing import Face, Framing


def test_paste_puts_back_what_warp_cut_out(portrait):
    face = Face(224, 128, 100, roll_deg=10)
    matrix = Framing().crop_matrix(face, 128)
    frame = portrait.copy()
    pixels.paste(frame, pixels.layer(pixels.warp(portrait, matrix, 128), pixels.feather(128)), matrix)
    assert np.abs(frame.astype(int) - portrait).mean() < 0.5
    assert cv2.PSNR(frame, portrait) > 35


def test_paste_leaves_everything_outside_the_crop(portrait):
    matrix = Framing().crop_matrix(Face(224, 128, 60), 64)
    frame = portrait.copy()
    pixels.paste(frame, pixels.layer(np.zeros((64, 64, 3), np.uint8), pixels.feather(64)), matrix)
    changed = np.argwhere((frame != portrait).any(axis=2))
    assert changed[:, 0].min() > 70
    assert changed[:, 0].max() < 190
    assert tuple(frame[128, 224]) == (0, 0, 0)


@pytest.mark.parametrize("place", [(-500, 100), (0, 0), (511, 511), (2000, 2000)])
def test_paste_at_and_beyond_the_border(portrait, place):
    frame = portrait.copy()
    matrix = Framing().crop_matrix(Face(*place, 100), 64)
    pixels.paste(frame, pixels.layer(pixels.warp(frame, matrix, 64), pixels.feather(64)), matrix)
    assert frame.shape == portrait.shape


def test_colour_match_gives_a_cartoon_the_photographs_mean_and_contrast(portrait):
    weights = pixels.feather(64)
    photograph = pixels.resize(portrait[40:200, 140:300], 64, 64)
    cartoon = cv2.LUT(photograph[:, :, ::-1].copy(), np.uint8(np.arange(256) * 0.6))
    inside = weights > 127
    wanted = photograph[inside].mean(0), photograph[inside].std(0)
    matched = pixels.match_colours(cartoon, photograph, weights, 1)[inside]
    assert np.abs(matched.mean(0) - wanted[0]).max() < 4
    assert np.abs(matched.std(0) - wanted[1]).max() < 6
    assert np.array_equal(pixels.match_colours(cartoon, photograph, weights, 0), cartoon)
    half = pixels.match_colours(cartoon, photograph, weights, 0.5)[inside].mean(0)
    assert np.abs(half - (cartoon[inside].mean(0) + wanted[0]) / 2).max() < 4
