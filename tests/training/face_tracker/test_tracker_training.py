"""The tracker's network, its training and its command."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.faces.tracker import read_tracker
from facetoon.training.__main__ import main
from facetoon.training.face_tracker.perturbed_crops import SIZE_PX
from facetoon.training.face_tracker.tracker_network import build_tracker, loss
from facetoon.training.face_tracker.tracker_training import convert, fit

TARGETS = np.zeros((4, 16), np.float32)
TARGETS[:2, 4] = 1  # upright
TARGETS[:2, -1] = 1  # the first two are faces


def test_the_network_gives_every_output():
    assert build_tracker()(np.zeros((2, SIZE_PX, SIZE_PX, 3), np.float32)).shape == (2, 16)


def test_a_landmark_file_that_is_none_is_refused_before_the_training(tmp_path, tiny_model, capsys):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(60):
        (pictures / f"{number}.png").write_bytes(pixels.encode_png(np.full((40, 40, 3), number, np.uint8)))
    sources = ["--photos", str(pictures), "--wide-photos", str(pictures)]
    command = ["tracker", *sources, "--detector", str(tiny_model), "--out", str(tmp_path / "t.tflite")]
    assert main([*command, "--steps", "0"]) == 2
    assert "--steps must be 1 or more" in capsys.readouterr().err
    assert main([*command, "--landmarks", str(tiny_model)]) == 2
    assert "is no landmark file" in capsys.readouterr().err
    assert not (tmp_path / "t.tflite").exists()


def test_a_wrong_place_costs_only_where_there_is_a_face():
    wrong = TARGETS.copy()
    wrong[:, 0] += 1
    more = np.asarray(loss(TARGETS, wrong)) - np.asarray(loss(TARGETS, TARGETS))
    assert more[:2].min() > 1
    assert np.all(more[2:] == 0)


class NoisyCrops:
    """Crops of noise with targets of noise."""

    def draw(self, count, random):
        pictures = random.integers(0, 256, (count, SIZE_PX, SIZE_PX, 3)).astype(np.uint8)
        return pictures, random.normal(size=(count, 16)).astype(np.float32)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_file():
    first, again = (convert(fit(NoisyCrops(), 2, 1, print), None) for _ in range(2))
    assert first == again


@pytest.mark.slow
@pytest.mark.shared_data
def test_a_tracker_is_trained_and_its_file_opens(shared_data, tmp_path, capsys):
    """A few steps on a few faces, from the labels to the file that the device opens."""
    out = tmp_path / "tracker.tflite"
    photos = ["--photos", f"{shared_data}/human128.zip#lfw_*2.jpg"]
    wide = ["--wide-photos", f"{shared_data}/photos_raw250.zip#A*_0001.jpg"]
    detector = ["--detector", f"{shared_data}/nets/yunet_n_dynamic.onnx"]
    landmarks = ["--landmarks", f"{shared_data}/nets/face_landmark_468.tflite", "--cache", str(tmp_path / "labels")]
    assert main(["tracker", *photos, *wide, *detector, *landmarks, "--out", str(out), "--steps", "3"]) == 0
    told = capsys.readouterr().out
    assert len(list((tmp_path / "labels").iterdir())) == 4  # training and test pictures, tight and wide
    assert "centre_percent" in told
    assert "float_roll_deg" in told
    assert read_tracker(out)[1].data_sources == ("human128.zip", "photos_raw250.zip")
