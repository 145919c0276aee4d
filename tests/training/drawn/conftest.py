from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def photo(draw_face):
    """A face in a square of 160 px, RGB uint8. Do not write to it."""
    image = draw_face(160)
    image.flags.writeable = False
    return image


@pytest.fixture(scope="session")
def points(face_points):
    """Its landmarks."""
    return face_points(160)
