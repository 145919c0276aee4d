from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.guides.photo_guides import Guides, masks
from facetoon.training.pictures.images import ImageSet, list_pictures, read_square


def test_masks_leave_eyes_out_of_the_skin():
    labels = np.zeros((100, 100), np.int64)
    labels[20:80, 20:80] = 1
    labels[40:45, 30:40] = 4
    labels[:15] = 17
    skin, hair, features = np.moveaxis(masks(labels), -1, 0)
    assert features[42, 35] == 255
    assert skin[42, 35] == 0
    assert skin[38, 35] == 0  # a cartoon's eye reaches here
    assert skin[60, 60] == 255
    assert hair[5, 50] == 255
    assert not (skin & hair).any()


def test_guides_are_made_once_and_kept(tmp_path, monkeypatch):
    for name in ("segments", "landmarks"):
        (tmp_path / name).write_text(name)
    photos = ImageSet(np.full((2, 16, 16, 3), 7, np.uint8), np.zeros(2, int), "digest")
    made = np.full((2, 2, 16, 16, 3), 9, np.uint8)
    guides = Guides(tmp_path / "segments", tmp_path / "landmarks", tmp_path / "cache")
    monkeypatch.setattr(Guides, "_make", lambda self, images: made)
    first = guides.guided(photos)
    monkeypatch.setattr(Guides, "_make", None)
    again = guides.guided(photos)
    assert first.images.shape == (2, 3, 16, 16, 3)
    assert np.array_equal(first.images, again.images)
    assert (first.digest, again.digest) == ("digest", "digest")


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        Guides(tmp_path / "none.tflite", tmp_path / "none.tflite").digests()


@pytest.mark.shared_data
def test_real_faces_have_eyes_skin_and_hair(shared_data):
    pytest.importorskip("ai_edge_litert")
    nets = shared_data / "nets"
    guides = Guides(nets / "bisenetv2_celebamask_256.tflite", nets / "face_landmark_468.tflite")
    source = f"{shared_data / 'human128.zip'}#celebamask_0000?.jpg"
    photos = np.stack([read_square(file, 160)[1] for file in list_pictures(source)])
    made = guides.guided(ImageSet(photos, np.zeros(len(photos)), "")).images
    shares = (made[:, 1] > 127).mean((1, 2))
    assert (shares[:, 0] > 0.1).mean() > 0.8  # skin
    assert (shares[:, 1] > 0.05).mean() > 0.8  # hair
    assert ((shares[:, 2] > 0.01) & (shares[:, 2] < 0.2)).mean() > 0.8  # eyes and mouth
