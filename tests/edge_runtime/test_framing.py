from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.framing import Face, Framing


@pytest.mark.parametrize("roll", [-30, 0, 25])
@pytest.mark.parametrize("size_px", [64, 128])
def test_crop_puts_the_face_where_the_framing_says(roll, size_px):
    """A drawn head, tilted, comes out level, of the framed height, at the framed place."""
    face = Face(300, 200, 120, roll)
    frame = np.zeros((480, 640, 3), np.uint8)
    cv2.ellipse(frame, (300, 200), (45, 60), roll, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
    framing = Framing(face_height=0.6, face_centre_y=0.55)
    crop = pixels.warp(frame, framing.crop_matrix(face, size_px), size_px)[..., 0] > 127
    rows, columns = np.flatnonzero(crop.any(axis=1)), np.flatnonzero(crop.any(axis=0))
    assert len(rows) == pytest.approx(0.6 * size_px, abs=2)
    assert len(columns) == pytest.approx(0.45 * size_px, abs=2)
    assert rows.mean() + 0.5 == pytest.approx(0.55 * size_px, abs=1)
    assert columns.mean() + 0.5 == pytest.approx(0.5 * size_px, abs=1)
