from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.training.drawings.head_mattes import SAME_SHAPE, HeadMattes, features_mask, head_matte
from facetoon.training.drawn.warp import Shape


def test_the_head_is_the_largest_piece_without_holes_neck_and_clothes():
    labels = np.zeros((128, 128), np.int64)
    labels[20:70, 40:90] = 1  # skin
    labels[10:20, 40:90] = 17  # hair
    labels[40:44, 60:64] = 0  # a hole
    labels[70:100, 55:75] = 14  # neck
    labels[100:128] = 16  # cloth
    labels[30:34, 5:9] = 17  # a speck
    matte = head_matte(labels)
    assert matte.dtype == np.uint8
    assert matte[42, 62] == matte[15, 60] == matte[60, 60] == 255
    assert not matte[80:].any()
    assert not matte[:, :12].any()
    assert 0 < matte[30, 39] < 128 < matte[30, 40] < 255  # the border is soft


def test_the_mask_of_features_has_room_around_eyes_and_mouth():
    labels = np.ones((100, 100), np.int64)
    labels[40:44, 30:38] = 4  # an eye
    labels[70:74, 45:55] = 11  # the mouth
    mask = features_mask(labels)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[42, 34] == mask[37, 34] == mask[72, 50] == mask[72, 58] == 255
    assert not mask[55:62].any()
    assert not mask[:, :20].any()


def test_the_matte_follows_the_shape_of_the_drawing(segments_file, mesh_file, draw_face):
    photo = draw_face(128)
    _, plain, narrow = HeadMattes(segments_file, mesh_file).of(photo[None], [SAME_SHAPE, Shape(jaw=0.25)])[0]
    assert plain.shape == narrow.shape == (128, 128)
    low = slice(84, 100)
    assert (narrow[low] > 127).sum() < 0.95 * (plain[low] > 127).sum()
    high = slice(20, 50)
    assert np.abs(narrow[high].astype(int) - plain[high]).mean() < 3


def test_without_a_face_the_matte_keeps_the_photographs_shape(segments_file, mesh_file, draw_face):
    dark = draw_face(128) // 8  # the landmark net sees no face in it
    _, plain, narrow = HeadMattes(segments_file, mesh_file).of(dark[None], [SAME_SHAPE, Shape(jaw=0.25)])[0]
    assert np.array_equal(plain, narrow)


def test_a_file_that_is_no_net_is_one_sentence(tmp_path, draw_face):
    (tmp_path / "none.tflite").write_bytes(b"not a model")
    with pytest.raises(InputError, match=r"none\.tflite is not a model that litert can run"):
        HeadMattes(tmp_path / "none.tflite").of(draw_face(64)[None], [SAME_SHAPE])
