from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")

from facetoon.edge_runtime.errors import InputError
from facetoon.training.guides.guide_networks import FaceMesh, FaceSegments, GuideNetwork
from facetoon.training.pictures.images import list_pictures, read_square


def test_a_file_that_is_no_model_is_one_sentence(tmp_path):
    (tmp_path / "text.tflite").write_text("no")
    for network in (FaceMesh, FaceSegments):
        with pytest.raises(InputError, match="is not a model that litert can run") as raised:
            network(tmp_path / "text.tflite")
        assert "\n" not in str(raised.value)


def test_another_model_is_one_sentence(tiny_model):
    with pytest.raises(InputError, match=r"takes \(1, 32, 32, 3\), not \(1, 192, 192, 3\)"):
        FaceMesh(tiny_model)
    with pytest.raises(InputError, match="gives 3072 numbers of a picture; 1 and 1404 are wanted"):
        GuideNetwork(tiny_model, 32, {1404, 1})


@pytest.mark.shared_data
def test_the_mesh_finds_faces_and_no_face_in_grey(shared_data):
    mesh = FaceMesh(shared_data / "nets" / "face_landmark_468.tflite")
    files = list_pictures(f"{shared_data / 'human128.zip'}#celebamask_0000?.jpg")
    assert np.mean([mesh.find(read_square(file, 160)[1]) is not None for file in files]) > 0.8
    assert mesh.find(np.full((160, 160, 3), 128, np.uint8)) is None
