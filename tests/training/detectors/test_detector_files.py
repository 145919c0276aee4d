"""Files of detectors, which anybody may have made: one sentence, and no crash of this process."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions import model_trial
from facetoon.training.detectors import cascade, yunet
from facetoon.training.detectors.opening import open_detector

CASCADE = Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_cascade_is_tried_once_and_finds_the_face(portrait, monkeypatch):
    (face,) = open_detector("cascade", CASCADE).detect(portrait)
    assert face.face.height_px > 80
    monkeypatch.setattr(model_trial, "run_trial", None)  # it would be called
    open_detector("cascade", CASCADE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"words",
        CASCADE.read_bytes()[:9000],
        b"<?xml version='1.0'?>\n<opencv_storage>" + b"<a>" * 100_000,
        CASCADE.read_bytes().replace(b"<height>20</height>", b"<height>-2000000000</height>"),
    ],
    ids=["empty", "words", "cut", "deep", "negative"],
)
def test_a_damaged_cascade_is_one_sentence(tmp_path, data):
    path = tmp_path / "c.xml"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"The detector .*c\.xml is no cascade that OpenCV can run: ") as refusal:
        open_detector("cascade", path)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(("module", "name"), [(cascade, "cascade"), (yunet, "yunet")])
def test_a_file_that_is_missing_or_too_large_is_not_read(tmp_path, monkeypatch, module, name):
    pytest.importorskip("onnx")
    with pytest.raises(InputError, match=r"The detector .* cannot be read: No such file"):
        open_detector(name, tmp_path / "missing")
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    (tmp_path / "large").write_bytes(bytes(20))
    with pytest.raises(InputError, match=r"The detector .* is too large"):
        open_detector(name, tmp_path / "large")


def test_another_network_is_no_yunet(tiny_model):
    pytest.importorskip("onnx")
    with pytest.raises(InputError, match=r"The detector .* is no YuNet"):
        open_detector("yunet", tiny_model.with_name("tiny-32.onnx"))
