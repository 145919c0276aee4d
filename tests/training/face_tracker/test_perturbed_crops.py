"""Crops that the tracker learns from, around labels that are known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from facetoon.edge_runtime.framing import Face
from facetoon.training.face_tracker.face_labels import Known, Labelled
from facetoon.training.face_tracker.perturbed_crops import FRAMING, SCALES, SIZE_PX, Crops, _target, jitter

FACE = Face(60.0, 64.0, 50.0, 8.0)
LANDMARKS = np.array([[50, 55], [70, 55], [60, 65], [52, 75], [68, 75]], np.float32)


def labelled(side: int) -> Labelled:
    images = np.random.default_rng(side).integers(0, 256, (3, side, side, 3), np.uint8)
    rows = range(3)
    faces, taken = [(row, Known(FACE, LANDMARKS)) for row in rows], [(row, FACE) for row in rows]
    return Labelled(images, faces, taken, [(0, Face(20.0, 20.0, 30.0))])


def test_drawn_crops_have_faces_and_others_in_range():
    random = np.random.default_rng(1)
    crops, targets = Crops(labelled(128), labelled(250)).draw(64, random)
    assert crops.shape == (64, SIZE_PX, SIZE_PX, 3)
    assert np.abs(jitter(crops, random)).max() <= 1
    assert targets.shape == (64, len(SCALES))
    assert set(np.unique(targets[:, -1])) == {0, 1}
    assert not targets[targets[:, -1] == 0].any()
    assert np.abs(targets).max() < 3  # the values share the steps of one int8 scale


def test_faces_are_tilted_by_up_to_45_degrees_from_the_crop():
    _, targets = Crops(labelled(128), labelled(250)).draw(400, np.random.default_rng(2))
    faces = (targets * SCALES)[targets[:, -1] > 0]
    tilts_deg = np.degrees(np.arctan2(faces[:, 3], faces[:, 4]))
    assert 35 < np.abs(tilts_deg).max() < 50  # a narrowed face adds some degrees


def test_a_turned_head_comes_oftener():
    turned = LANDMARKS + np.array([[0, 0], [0, 0], [8, 0], [0, 0], [0, 0]], np.float32)  # the nose, of eyes 20 apart
    images = np.zeros((2, 128, 128, 3), np.uint8)
    source = Labelled(images, [(0, Known(FACE, LANDMARKS)), (1, Known(FACE, turned))], [], [])
    frontal, both = Crops(source, source)._chances[0]
    assert (frontal, both) == (pytest.approx(1 / 6), 1)


def test_the_same_seed_draws_the_same_batch():
    crops = Crops(labelled(128), labelled(250))
    first, again = (crops.draw(8, np.random.default_rng(5)) for _ in range(2))
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
