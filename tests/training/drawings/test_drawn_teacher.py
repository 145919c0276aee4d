from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.drawings.drawn_teacher import DrawnTeacher


@pytest.fixture
def inverted(tmp_path):
    path = tmp_path / "inverted.py"
    path.write_text("def draw(photo, landmarks):\n    return 255 - photo\n")
    return path


def test_it_draws_faces_and_says_where_there_is_none(mesh_file, inverted, draw_face):
    photos = np.stack([draw_face(96), draw_face(96) // 8])
    drawings, is_face = DrawnTeacher(f"draw:{inverted}", mesh_file, size_px=96).draw(photos)
    assert is_face.tolist() == [True, False]
    assert np.array_equal(drawings[0], 255 - photos[0])
    assert np.array_equal(drawings[1], photos[1])


def test_it_draws_at_its_own_size(mesh_file, tmp_path, draw_face):
    style = tmp_path / "stripes.py"
    style.write_text("def draw(photo, landmarks):\n    assert photo.shape == (128, 128, 3)\n    return photo\n")
    drawings, _ = DrawnTeacher(str(style), mesh_file, size_px=128).draw(draw_face(64)[None])
    assert drawings.shape == (1, 64, 64, 3)


def test_processes_draw_the_same(mesh_file, inverted, draw_face):
    photos = np.stack([draw_face(96, back=(200, 200, 40 * n)) for n in range(5)])
    one, two = (DrawnTeacher(str(inverted), mesh_file, jobs, 96).draw(photos)[0] for jobs in (1, 2))
    assert np.array_equal(one, two)
    assert np.array_equal(one, 255 - photos)


def test_photographs_without_any_face_are_one_sentence(mesh_file, inverted, draw_face):
    with pytest.raises(InputError, match="found a face in none of 1 photographs"):
        DrawnTeacher(str(inverted), mesh_file, size_px=96).draw(draw_face(96)[None] // 8)


def test_floats_are_refused(mesh_file, inverted, draw_face):
    with pytest.raises(ValueError, match=r"float64 of shape .* not uint8"):
        DrawnTeacher(str(inverted), mesh_file).draw(draw_face(96)[None] / 255)


def test_its_digest_is_that_of_style_and_landmark_file(mesh_file, inverted):
    digest = DrawnTeacher(str(inverted), mesh_file).digest
    assert digest == DrawnTeacher(f"draw:{inverted}", mesh_file, jobs=2).digest
    inverted.write_text("def draw(photo, landmarks):\n    return photo\n")
    assert digest != DrawnTeacher(str(inverted), mesh_file).digest
