"""The errors that are reported for a tracker."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from facetoon.training.face_tracker.perturbed_crops import FRAMING, SCALES
from facetoon.training.face_tracker.tracker_report import ACCURACIES, Examination, errors

TARGETS = np.zeros((4, 16), np.float32)
TARGETS[:2, 4] = 1  # upright
TARGETS[:2, -1] = 1  # the first two are faces


def test_right_answers_have_no_error():
    answers = TARGETS * SCALES
    answers[2:, -1] = -8
    told = errors(answers, TARGETS)
    assert {told[name] for name in ACCURACIES if name in told} == {1}
    assert {value for name, value in told.items() if name not in ACCURACIES} == {0}


def test_an_error_of_the_centre_is_in_percent_of_the_faces_height():
    answers = TARGETS * SCALES
    answers[0, 0] = 2 * FRAMING.face_height / 10  # a tenth of the face's height, in one of two faces
    told = errors(answers, TARGETS)
    assert told["centre_percent"] == pytest.approx(5, rel=1e-4)
    assert told["centre_percent_median"] == pytest.approx(5, rel=1e-4)


def test_a_lost_face_and_an_accepted_background_both_count():
    answers = TARGETS * SCALES
    answers[0, -1], answers[2:, -1] = -1, (1, -2)
    told = errors(answers, TARGETS)
    assert (told["accuracy"], told["faces_kept"], told["auc"]) == (0.5, 0.5, 0.75)


def test_faces_near_level_are_told_apart():
    targets = TARGETS.copy()
    turn = np.radians(40)
    targets[1, 3:5] = np.array([np.sin(turn), np.cos(turn)]) / SCALES[3:5]
    wrong = targets * SCALES
    wrong[1, 0] += 0.1  # of the tilted face
    crops = np.zeros((4, 64, 64, 3), np.float32)
    backgrounds = np.zeros((3, 64, 64, 3), np.float32)
    refused = np.zeros((3, 16), np.float32)
    refused[:, -1] = (-3, 3, -3)
    marks = Examination(crops, targets, backgrounds).marks(lambda given: wrong if len(given) == 4 else refused)
    assert marks["centre_percent"] > 1
    assert marks["level_centre_percent"] == 0
    assert marks["backgrounds_refused"] == pytest.approx(2 / 3)
