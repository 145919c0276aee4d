"""Crops that the tracker learns from, around labels that are known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from facetoon.edge_runtime.framing import Face
from facetoon.training.face_tracker.face_labels import Known, Labelled
from facetoon.training.face_tracker.perturbed_crops import FRAMING, SCALES, SIZE_PX, Crops, _target

FACE = Face(60.0, 64.0, 50.0, 8.0)
LANDMARKS = np.array([[50, 55], [70, 55], [60, 65], [52, 75], [68, 75]], np.float32)


def labelled(side: int) -> Labelled:
    images = np.random.default_rng(side).integers(0, 256, (3, side, side, 3), np.uint8)
    return Labelled(images, [[Known(FACE, LANDMARKS)]] * 3)


def test_a_batch_has_faces_and_others_in_range():
    crops, targets = Crops(labelled(128), labelled(250)).batch(64, np.random.default_rng(1))
    assert crops.shape == (64, SIZE_PX, SIZE_PX, 3)
    assert np.abs(crops).max() <= 1
    assert targets.shape == (64, len(SCALES))
    assert set(np.unique(targets[:, -1])) == {0, 1}
    assert not targets[targets[:, -1] == 0].any()
    assert np.abs(targets[:, :3]).max() < 2  # what the int8 output can hold


def test_the_same_seed_draws_the_same_batch():
    crops = Crops(labelled(128), labelled(250))
    first, again = (crops.batch(8, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_a_crop_that_fits_its_face_asks_for_no_move():
    values = _target(Known(FACE, LANDMARKS), FRAMING.crop_matrix(FACE, SIZE_PX)) * SCALES
    centre, log_height, sine, cosine = values[:2], values[2], values[3], values[4]
    np.testing.assert_allclose(centre, 0, atol=0.03)
    assert log_height == pytest.approx(0, abs=1e-4)
    assert (sine, cosine) == (pytest.approx(0, abs=1e-4), pytest.approx(1, abs=1e-4))


def test_a_crop_moved_to_the_right_shows_the_face_on_the_left():
    moved = Face(FACE.centre_x_px + 10, FACE.centre_y_px, FACE.height_px, 0.0)
    values = _target(Known(Face(60.0, 64.0, 50.0, 0.0), LANDMARKS), FRAMING.crop_matrix(moved, SIZE_PX)) * SCALES
    assert values[0] == pytest.approx(-2 * 10 * FRAMING.face_height / FACE.height_px, abs=0.03)
