from __future__ import annotations

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.tracker import PACKAGED
from facetoon.edge_runtime.model_files.tailed_file import GENERATOR, kind_of, read_tailed, write_tailed


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
def test_a_file_says_its_kind_whatever_it_is_called(tmp_path, tiny_model, suffix):
    (tmp_path / f"face-tracker{suffix}").write_bytes(tiny_model.with_suffix(suffix).read_bytes())
    assert kind_of(tmp_path / f"face-tracker{suffix}") == GENERATOR
    model, _ = read_tailed(tiny_model.with_suffix(suffix))
    (tmp_path / f"plain{suffix}").write_bytes(model)
    assert kind_of(tmp_path / f"plain{suffix}") is None


def test_the_face_tracker_says_what_it_is(tmp_path):
    (tmp_path / "styles-64.tflite").write_bytes(PACKAGED.read_bytes())
    assert kind_of(tmp_path / "styles-64.tflite") == "face tracker"


@pytest.mark.parametrize("text", ["no JSON", "[]"])
def test_a_spec_that_is_no_object_is_refused(tmp_path, tiny_model, text):
    write_tailed(tmp_path / "m.tflite", read_tailed(tiny_model)[0], text)
    with pytest.raises(InputError, match=r"m\.tflite carries a model spec that cannot be read"):
        kind_of(tmp_path / "m.tflite")


def test_what_is_no_model_file_is_refused(tmp_path):
    (tmp_path / "m.tflite").write_bytes(b"GIF89a and so on")
    with pytest.raises(InputError, match="is not a TFLite model"):
        kind_of(tmp_path / "m.tflite")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        kind_of(tmp_path / "missing.tflite")
