"""Cartoons of a teacher network: asked at its own size, enlarged crisply, with the person's own skin."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import cv2
import keras

from facetoon.edge_runtime import pixels
from facetoon.training.drawings.network_cartoons import NetworkCartoons, resized_crisp, with_held_skin
from facetoon.training.guides.guide_networks import FaceSegments

BROWN, PALE, BLACK = (110, 70, 50), (250, 225, 210), (20, 20, 20)


def _person(skin: tuple[int, int, int]) -> tuple[pixels.Image, np.ndarray]:
    """A face of one colour on a white wall, 128 px, with an eye and hair; and its labels."""
    photo, labels = np.full((128, 128, 3), 255, np.uint8), np.zeros((128, 128), np.int64)
    for part, (top, bottom), colour in ((17, (10, 30), BLACK), (1, (30, 110), skin), (4, (56, 62), BLACK)):
        left, right = (52, 60) if part == 4 else (32, 96)
        photo[top:bottom, left:right], labels[top:bottom, left:right] = colour, part
    return photo, labels


def _lightness(picture: pixels.Image) -> np.ndarray:
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 0]


def test_a_bleached_face_gets_the_persons_skin_back_with_its_lines_and_whites():
    photo, labels = _person(BROWN)
    cartoon = _person(PALE)[0]
    cartoon[56:62, 50:52] = 255  # the white of an eye, beside the eye
    cartoon[90, 50:80] = 0  # a mouth of one line
    held = with_held_skin(cartoon, photo, labels)
    assert held.dtype == np.uint8
    cheek = np.median(held[70:80, 70:90].reshape(-1, 3), 0)
    assert np.abs(cheek - BROWN).max() < 25  # lighter than the person by LIGHTER, in the person's colour
    assert _lightness(held)[58, 50] > 90
    assert held[90, 60].max() < 10
    assert np.array_equal(held[:26], cartoon[:26])  # hair and wall
    assert np.array_equal(held[:, :26], cartoon[:, :26])


def test_a_face_that_is_not_lighter_than_the_person_stays():
    photo, labels = _person(PALE)
    shaded = _person((200, 170, 150))[0]
    for cartoon in (photo, shaded):
        assert np.abs(with_held_skin(cartoon, photo, labels).astype(int) - cartoon).max() <= 1


def test_a_picture_without_skin_stays():
    cartoon = _person(PALE)[0]
    assert with_held_skin(cartoon, _person(BROWN)[0], np.zeros((128, 128), np.int64)) is cartoon


def test_enlarged_edges_are_crisper_than_resampled_ones_and_draw_no_halo():
    edge = np.full((32, 32, 3), 40, np.uint8)
    edge[:, 16:] = 200
    crisp, plain = resized_crisp(edge, 80), pixels.square(edge, 80)
    between = [((row > 60) & (row < 180)).sum() for row in (crisp[40, :, 0], plain[40, :, 0])]
    assert between[0] < between[1]
    assert crisp.min() >= 36
    assert crisp.max() <= 204
    assert np.array_equal(resized_crisp(edge, 40), pixels.square(edge, 40))  # hardly larger: as ever


@pytest.mark.parametrize("is_held", [False, True])
def test_a_network_is_asked_at_its_own_size(is_held, segments_file):
    photo = np.full((64, 64, 3), 90, np.uint8)
    photo[16:60, 16:48] = BROWN  # redder than green: skin to this segmentation net
    image = keras.Input((16, 16, 3))
    teacher = keras.Model(image, keras.layers.Rescaling(1.0, 0.7)(image))
    cartoons = NetworkCartoons(teacher, FaceSegments(segments_file) if is_held else None)
    drawn = cartoons.draw(np.stack([photo] * 33))  # more than a batch
    assert drawn.shape == (33, 64, 64, 3)
    assert np.array_equal(drawn[0], drawn[32])
    lighter = float(np.median(_lightness(drawn[0])[30:50, 24:40]) - np.median(_lightness(photo)[30:50, 24:40]))
    assert (lighter < 10) == is_held
