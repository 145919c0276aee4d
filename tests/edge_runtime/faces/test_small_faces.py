"""Group pictures: small faces in a large frame, which only a search that was asked for finds."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.finder import LEAST_FACE_PX, FaceFinder

FACE_PX = 128  # height of the face in the packaged photograph


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """OpenCV's threads would wait for each other on a busy machine."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def group(portrait, columns, rows, face_px, width_px=1920, height_px=1080):
    """Draw a group: the same person in a grid, each face `face_px` high. Returns the frame and the faces' centres."""
    person = portrait[:260, 90:350]  # the face's centre is at (134, 128)
    side = round(260 * face_px / FACE_PX)
    person = pixels.resize(person, side, side)
    frame = np.full((height_px, width_px, 3), 90, np.uint8)
    centres = []
    for row, column in itertools.product(range(rows), range(columns)):
        left = round((column + 0.5) * width_px / columns - side / 2)
        top = round((row + 0.5) * height_px / rows - side / 2)
        frame[top : top + side, left : left + side] = person
        centres.append((left + 134 / 260 * side, top + 128 / 260 * side))
    return frame, np.array(centres)


def found_of(faces, centres, face_px):
    """How many centres have a face of about the right height near them."""
    return sum(
        any(
            np.hypot(face.centre_x_px - x, face.centre_y_px - y) < 0.2 * face_px
            and 0.7 < face.height_px / face_px < 1.4
            for face in faces
        )
        for x, y in centres
    )


@pytest.mark.parametrize(("columns", "rows", "face_px"), [(4, 2, 115), (4, 3, 108), (4, 2, 60), (4, 3, 40)])
def test_every_face_of_a_group_is_found_when_small_ones_are_asked_for(portrait, columns, rows, face_px):
    frame, centres = group(portrait, columns, rows, face_px)
    finder = FaceFinder(columns * rows + 2, smallest_face_px=min(face_px, 100))
    faces = finder.find(frame)
    assert len(faces) == len(centres)
    assert found_of(faces, centres, face_px) == len(centres)
    assert len(finder.find(frame)) == len(centres)  # and they are followed


def test_a_small_face_of_a_small_frame_is_found(portrait):
    frame, centres = group(portrait, 2, 1, 40, 640, 480)
    assert found_of(FaceFinder(2, smallest_face_px=40).find(frame), centres, 40) == 2


def test_without_the_wish_a_face_below_an_eleventh_of_the_frame_is_missed(portrait):
    """The documented limit: 175 px of 1920."""
    assert FaceFinder(8).find(group(portrait, 4, 2, 115)[0]) == []
    frame, centres = group(portrait, 3, 1, 230)
    assert found_of(FaceFinder(8).find(frame), centres, 230) == 3


def test_faces_below_the_asked_height_are_left_alone(portrait):
    frame, _ = group(portrait, 3, 1, 230)
    assert FaceFinder(3, smallest_face_px=400).find(frame) == []


def test_the_slow_search_comes_only_every_so_many_frames(portrait):
    """A face that came later is found at the next search, while the quick search finds nothing in between."""
    frame, _ = group(portrait, 1, 1, 60)
    empty = np.full_like(frame, 90)
    finder = FaceFinder(1, search_every=3, smallest_face_px=60)
    assert [len(finder.find(each)) for each in (empty, frame, frame, frame, frame)] == [0, 0, 0, 1, 1]


def test_a_height_that_no_search_can_find_is_refused():
    with pytest.raises(InputError, match="Faces of 23 px are too small to be found; the least height is 24 px"):
        FaceFinder(smallest_face_px=LEAST_FACE_PX - 1)
