"""Eyes are drawn where they lie open to view, and look where the photograph looks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.training.drawn.eyes import see_eyes
from facetoon.training.drawn.mesh import Mesh
from facetoon.training.drawn.sitter import sit
from facetoon.training.drawn.warp import Shape


@pytest.fixture
def seen(points):
    """A function: what a photograph shows of both eyes."""

    def see(photo):
        sitter = sit(photo, points, Shape())
        return see_eyes(sitter.mesh, sitter.lab, sitter.tone)

    return see


def test_eyes_are_seen_in_the_open_not_behind_dark_glasses_or_shut(photo, draw_face, seen):
    assert min(eye.seen for eye in seen(photo)) > 0.9
    assert max(eye.shown for eye in seen(draw_face(160, glasses=True))) < 0.1
    no_eyes = cv2.rectangle(photo.copy(), (45, 58), (115, 82), (225, 175, 150), -1)
    assert max(eye.shown for eye in seen(no_eyes)) < 0.1


def test_an_eye_in_the_shadow_is_drawn_when_the_other_one_is(photo, seen):
    shadowed = photo.copy()
    shadowed[:, 80:] = shadowed[:, 80:] * 0.42
    assert min(eye.shown for eye in seen(shadowed)) > 0.9


def test_gaze_goes_where_the_photograph_looks(photo, points, draw_face, seen):
    aside = draw_face(160)
    for side in (0, 1):
        eye = Mesh(points, 160, 160).eye(side)[..., None] > 0.5
        aside = np.where(eye, 235, aside).astype(np.uint8)
        x, y = Mesh(points, 160, 160).eye_centre(side)
        cv2.circle(aside, (round(float(x) + 3), round(float(y))), 3, (60, 35, 20), -1)
    for straight, turned in zip(seen(photo), seen(aside), strict=True):
        assert turned.centre[0] - straight.centre[0] > 3  # at working size
