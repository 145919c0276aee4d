"""What a drawing keeps of its photograph, on faces that lie under the landmark net's points."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")

from facetoon.training.score import likeness

SIDE_PX = 160


@pytest.fixture(scope="module")
def face(draw_face):
    return draw_face(SIDE_PX, back=(230, 230, 230))


def test_the_same_face_is_found_where_it_was(mesh_file, face):
    kept = likeness.FaceReference(mesh_file, np.stack([face])).measure(np.stack([face]))
    assert (kept.photographs, kept.found) == (1, 1)
    assert kept.moved == pytest.approx(0, abs=0.02)


def test_a_face_that_the_net_does_not_see_is_not_found(mesh_file, face):
    reference = likeness.FaceReference(mesh_file, np.stack([face, face, face // 4]))
    kept = reference.measure(np.stack([face, face // 4, face]))
    assert (kept.photographs, kept.found) == (2, 0.5)  # a photograph without a face is left out


def test_a_face_without_a_mouth_is_not_found(mesh_file, face, face_points):
    bare = face.copy()
    lips = face_points(SIDE_PX)[list(likeness.MOUTH)]
    cv2.fillConvexPoly(
        bare, cv2.convexHull((lips.mean(0) + 1.6 * (lips - lips.mean(0))).astype(np.int32)), (225, 175, 150)
    )
    kept = likeness.FaceReference(mesh_file, np.stack([face])).measure(np.stack([bare]))
    assert kept.found == 0
    assert np.isnan(kept.moved)


def test_colours_of_skin_and_hair_are_compared_where_they_are_in_the_photograph(segment_file):
    photo = np.full((64, 64, 3), 250, np.uint8)
    photo[20:] = (220, 160, 130)
    photo[:12] = (30, 30, 30)
    reference = likeness.ColourReference(segment_file, np.stack([photo, np.full_like(photo, 250)]))
    same = reference.measure(np.stack([photo, photo]))
    assert (same.skin, same.hair) == (0, 0)
    dyed = photo.copy()
    dyed[:12] = (40, 20, 90)
    changed = reference.measure(np.stack([dyed, photo]))
    assert changed.skin == 0
    assert changed.hair > 20
    darker = (photo * 0.8).astype(np.uint8)
    assert reference.measure(np.stack([darker, photo])).skin < 8  # lightness is no chroma


def test_a_photograph_without_skin_or_hair_says_nothing(segment_file):
    plain = np.full((1, 64, 64, 3), 250, np.uint8)
    told = likeness.ColourReference(segment_file, plain).measure(plain)
    assert np.isnan([told.skin, told.hair]).all()


def test_blur_lowers_the_gradient_energy():
    noise = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    soft = np.stack([cv2.GaussianBlur(image, (0, 0), 1.5) for image in noise])
    assert likeness.gradient_energy(soft) < 0.2 * likeness.gradient_energy(noise)
    assert likeness.gradient_energy(np.full((1, 32, 32, 3), 9, np.uint8)) == 0
