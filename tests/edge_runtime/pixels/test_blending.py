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
    pixels.paste(frame, pixels.warp(portrait, matrix, 128), matrix, pixels.feather(128))
    assert np.abs(frame.astype(int) - portrait).mean() < 0.5
    assert cv2.PSNR(frame, portrait) > 35


def test_paste_leaves_everything_outside_the_crop(portrait):
    matrix = Framing().crop_matrix(Face(224, 128, 60), 64)
    frame = portrait.copy()
    pixels.paste(frame, np.zeros((64, 64, 3), np.uint8), matrix, pixels.feather(64))
    changed = np.argwhere((frame != portrait).any(axis=2))
    assert changed[:, 0].min() > 70
    assert changed[:, 0].max() < 190
    assert tuple(frame[128, 224]) == (0, 0, 0)


@pytest.mark.parametrize("place", [(-500, 100), (0, 0), (511, 511), (2000, 2000)])
def test_paste_at_and_beyond_the_border(portrait, place):
    frame = portrait.copy()
    matrix = Framing().crop_matrix(Face(*place, 100), 64)
    pixels.paste(frame, pixels.warp(frame, matrix, 64), matrix, pixels.feather(64))
    assert frame.shape == portrait.shape
