from __future__ import annotations

import cv2
import numpy as np

from facetoon.training.guides.drawn_geometry import CHIN, EYES, FOREHEAD, MOUTH, NOSE, Geometry, draw


def test_drawn_eyes_are_larger_and_the_rest_stays():
    points = np.full((468, 2), 50, np.float32)
    for eye, x in zip(EYES, (35, 65), strict=True):
        points[list(eye)] = [[x - 5, 40], [x + 5, 40], [x, 37], [x, 43]]
    points[list(MOUTH)] = [[40, 70], [60, 70], [50, 69], [50, 71]]
    points[NOSE], points[CHIN], points[FOREHEAD] = (50, 55), (50, 85), (50, 15)
    image = np.full((100, 100, 3), 200, np.uint8)
    for x in (35, 65):
        cv2.circle(image, (x, 40), 5, (20, 20, 20), -1)
    drawn = draw(image, points, Geometry())
    assert (drawn < 100).sum() > 2 * (image < 100).sum()
    assert np.array_equal(drawn[:5], image[:5])
    flat = draw(image, None, Geometry())
    assert abs(int((flat < 100).sum()) - int((image < 100).sum())) < 60
