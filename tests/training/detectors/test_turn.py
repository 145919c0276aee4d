from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.framing import Face
from facetoon.training.detectors.opening import open_detector
from facetoon.training.detectors.profiles import ProfileFinder
from facetoon.training.detectors.turn import TurnGauge

FACE = Face(224.0, 112.0, 128.0, 10.0)  # of the packaged photograph


def test_the_mirror_image_looks_to_the_other_side(portrait):
    mirror = np.ascontiguousarray(portrait[:, ::-1])
    mirrored_face = Face(portrait.shape[1] - 1 - FACE.centre_x_px, FACE.centre_y_px, FACE.height_px, -FACE.roll_deg)
    gauge = TurnGauge()
    assert gauge.measure(portrait, FACE) == pytest.approx(-gauge.measure(mirror, mirrored_face), abs=0.03)


def test_a_frontal_face_is_no_profile(portrait):
    (face,) = open_detector("device").detect(portrait)
    assert abs(face.turn) < 0.12
    assert ProfileFinder().hits(cv2.resize(portrait, (256, 256))) < 8
    assert ProfileFinder().hits(np.full((120, 160, 3), 90, np.uint8)) == 0


def test_the_device_s_own_search_is_refined_in_finer_steps(portrait):
    """The least tilted photograph in which the coarse search finds nothing."""
    finder = FaceFinder()
    for degrees in range(14, 40, 2):
        matrix = cv2.getRotationMatrix2D((224, 128), degrees, 0.8)
        tilted = cv2.warpAffine(portrait, matrix, (512, 420), borderMode=cv2.BORDER_REPLICATE)
        if not finder.detect(tilted):
            break
    else:
        pytest.fail("the coarse search found every face: this test needs a harder one")
    assert open_detector("device").detect(tilted)
