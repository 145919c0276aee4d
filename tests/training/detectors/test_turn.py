from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
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


def test_small_faces_of_a_large_photograph_are_found_when_asked_for(portrait):
    group = np.full((1080, 1920, 3), 90, np.uint8)
    group[500:700, 300:500] = cv2.resize(portrait[:260, 90:350], (200, 200), interpolation=cv2.INTER_AREA)
    for asked_px, found in ((None, False), (80, True)):
        heights_px = [one.face.height_px for one in open_detector("device", smallest_face_px=asked_px).detect(group)]
        assert any(height == pytest.approx(98, rel=0.15) for height in heights_px) is found


@pytest.mark.parametrize(
    ("name", "height_px", "words"), [("yunet", 40, "is for the device's"), ("device", 9, "too small")]
)
def test_a_smallest_face_that_is_of_no_use_is_refused(name, height_px, words):
    with pytest.raises(InputError, match=words):
        open_detector(name, smallest_face_px=height_px)


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
