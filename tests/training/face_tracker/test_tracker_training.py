"""The tracker's network and the errors that are reported for it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.faces.tracker import read_tracker
from facetoon.training.__main__ import main
from facetoon.training.face_tracker.perturbed_crops import FRAMING, SCALES, SIZE_PX
from facetoon.training.face_tracker.tracker_network import build_tracker, loss
from facetoon.training.face_tracker.tracker_training import errors

TARGETS = np.zeros((4, 16), np.float32)
TARGETS[:2, 4] = 1  # upright
TARGETS[:2, -1] = 1  # the first two are faces


def test_the_network_gives_every_output():
    assert build_tracker()(np.zeros((2, SIZE_PX, SIZE_PX, 3), np.float32)).shape == (2, 16)


def test_right_answers_have_no_error():
    answers = TARGETS * SCALES
    answers[2:, -1] = -8
    told = errors(answers, TARGETS)
    assert (told["accuracy"], told["auc"]) == (1, 1)
    assert {value for name, value in told.items() if name not in ("accuracy", "auc")} == {0}


def test_an_error_of_the_centre_is_in_percent_of_the_faces_height():
    answers = TARGETS * SCALES
    answers[0, 0] = 2 * FRAMING.face_height / 10  # a tenth of the face's height, in one of two faces
    assert errors(answers, TARGETS)["centre_percent"] == pytest.approx(5, rel=1e-4)


def test_a_wrong_place_costs_only_where_there_is_a_face():
    wrong = TARGETS.copy()
    wrong[:, 0] += 1
    more = np.asarray(loss(TARGETS, wrong)) - np.asarray(loss(TARGETS, TARGETS))
    assert more[:2].min() > 1
    assert np.all(more[2:] == 0)


@pytest.mark.slow
@pytest.mark.shared_data
def test_a_tracker_is_trained_and_its_file_opens(shared_data, tmp_path, capsys):
    """A few steps on a few faces, from the labels to the file that the device opens."""
    out = tmp_path / "tracker.tflite"
    photos = ["--photos", f"{shared_data}/human128.zip#lfw_*2.jpg"]
    wide = ["--wide-photos", f"{shared_data}/photos_raw250.zip#A*_0001.jpg"]
    detector = ["--detector", f"{shared_data}/nets/yunet_n_dynamic.onnx"]
    assert main(["tracker", *photos, *wide, *detector, "--out", str(out), "--steps", "3"]) == 0
    told = capsys.readouterr().out
    assert "centre_percent" in told
    assert "float_roll_deg" in told
    assert read_tracker(out)[1].data_sources == ("human128.zip", "photos_raw250.zip")
