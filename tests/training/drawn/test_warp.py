"""A caricature moves picture and landmarks alike, and never folds."""

from __future__ import annotations

import numpy as np

from facetoon.training.drawn.mesh import Mesh
from facetoon.training.drawn.warp import Shape, field, redraw


def test_the_redrawn_picture_and_its_landmarks_agree(photo, points):
    mesh = Mesh(points, 160, 160)
    bent, moved = redraw(photo, mesh, Shape(1.5, 1.8, 0.7, 0.8, 0.15))
    for side in (0, 1):
        assert moved.eye_width_px(side) > 1.3 * mesh.eye_width_px(side)
        assert np.allclose(moved.eye_centre(side), mesh.eye_centre(side), atol=3)
        inside, lid = bent[moved.eye(side, 0.9) > 0.5], bent[moved.eye(side, 1.4) > 0.5]
        assert (inside.max(-1) > 200).mean() > 0.25  # the white went along with its lids
        assert lid.mean() > 90
    assert np.allclose(moved.points[10], mesh.points[10], atol=1)  # the forehead stays


def test_a_shape_of_ones_leaves_the_picture_alone(photo, points):
    bent, moved = redraw(photo, Mesh(points, 160, 160), Shape())
    assert np.array_equal(bent, photo)
    assert np.allclose(moved.points, points, atol=1e-3)


def test_the_jaw_never_folds(face_points):
    offset = field(Mesh(face_points(448), 448, 448), Shape(1.8, 2.0, 0.6, 0.75, 0.2))  # anime's
    assert (1 + np.diff(offset[..., 0], axis=1)).min() > 0.05
    assert (1 + np.diff(offset[..., 1], axis=0)).min() > 0.05
