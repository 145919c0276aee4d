"""Labels for the tracker, by a mesh network that draws its points where the test wants them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

from facetoon.edge_runtime.framing import Face
from facetoon.training.drawn.landmarks import POINTS
from facetoon.training.face_tracker.face_labels import (
    CENTRE_ABOVE_POINTS,
    HEIGHT_OF_POINTS,
    Known,
    Labelled,
    _packed,
    _unpacked,
    known_face,
    measure,
    sees,
)


def mesh_points(roll_deg: float = 0.0) -> np.ndarray:
    """A face of 60 x 80 px around (100, 90), turned about that point; most points lie in the middle."""
    points = np.zeros((POINTS, 2), np.float32)
    points[10], points[152], points[234], points[454] = (0, -40), (0, 40), (-30, 0), (30, 0)
    points[[33, 133, 159, 145]] = [(-24, -10), (-8, -10), (-16, -12), (-16, -8)]
    points[[362, 263, 386, 374]] = [(8, -10), (24, -10), (16, -12), (16, -8)]
    points[61], points[291] = (-12, 20), (12, 20)
    turn = np.radians(roll_deg)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]], np.float32)
    return points @ matrix.T + np.array([100, 90], np.float32)


@pytest.mark.parametrize("roll_deg", [0.0, 40.0])
def test_a_face_runs_from_hairline_to_chin_at_any_tilt(roll_deg):
    known = known_face(mesh_points(roll_deg))
    assert known.face.roll_deg == pytest.approx(roll_deg, abs=1e-3)
    assert known.face.height_px == pytest.approx(80 * HEIGHT_OF_POINTS, rel=1e-4)
    turn, above_px = np.radians(roll_deg), 80 * CENTRE_ABOVE_POINTS
    assert known.face.centre_x_px == pytest.approx(100 + above_px * np.sin(turn), abs=1e-3)
    assert known.face.centre_y_px == pytest.approx(90 - above_px * np.cos(turn), abs=1e-3)
    right_eye, left_eye = known.landmarks[:2]
    assert np.hypot(*(left_eye - right_eye)) == pytest.approx(32, rel=1e-4)


class FakeMesh:
    """Sees the same face in each look, with a probability."""

    def __init__(self, probability):
        self._probability = probability

    def look(self, photo, box):
        return mesh_points(), self._probability


def test_only_what_the_mesh_takes_for_a_face_is_labelled():
    image, rough = np.zeros((200, 200, 3), np.uint8), Face(100, 90, 90)
    assert measure(FakeMesh(0.9), image, rough).face.height_px == pytest.approx(80 * HEIGHT_OF_POINTS, rel=1e-4)
    assert measure(FakeMesh(0.3), image, rough) is None


def test_kept_labels_come_back_as_they_were():
    images = np.zeros((3, 8, 8, 3), np.uint8)
    known = Known(Face(1.5, 2.5, 40.0, -3.0), np.arange(10, dtype=np.float32).reshape(5, 2))
    labels = Labelled(images, [(2, known)], [(2, known.face), (0, Face(5.0, 6.0, 7.0))], [])
    again = _unpacked(images, _packed(labels))
    assert (again.taken, again.alarms) == (labels.taken, [])
    ((row, face),) = again.faces
    assert (row, face.face) == (2, known.face)
    np.testing.assert_array_equal(face.landmarks, known.landmarks)


@pytest.mark.parametrize(
    ("place", "seen"),
    [(Face(100, 90, 80), True), (Face(160, 90, 80), True), (Face(190, 90, 80), False), (Face(100, 90, 20), False)],
)
def test_a_crop_sees_a_face_that_is_near_and_of_about_its_size(place, seen):
    assert sees(place, Face(100, 90, 80)) is seen
