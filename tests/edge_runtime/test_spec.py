from __future__ import annotations

import dataclasses
import json
import zipfile

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Framing
from facetoon.edge_runtime.model_files.zip_tail import MEMBER
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, read_model, write_model


@pytest.fixture
def parts(tiny_model):
    return read_model(tiny_model)


@pytest.mark.parametrize("kind", ["tflite", "onnx"])
def test_round_trip(tmp_path, tiny_model, kind):
    model, spec = read_model(tiny_model.with_suffix(f".{kind}"))
    spec = dataclasses.replace(spec, framing=Framing(0.6, 0.5), styles=("anime", "comic"), scores={"psnr_db": 41.5})
    path = tmp_path / f"m.{kind}"
    written = write_model(path, model, spec)
    again, read = read_model(path)
    assert again == model
    assert read == written
    assert list(tmp_path.iterdir()) == [path]


def test_same_input_same_bytes(tmp_path, parts):
    for name in ("a", "b"):
        write_model(tmp_path / f"{name}.tflite", *parts)
    assert (tmp_path / "a.tflite").read_bytes() == (tmp_path / "b.tflite").read_bytes()


def test_any_zip_tool_reads_the_spec(tiny_model):
    with zipfile.ZipFile(tiny_model) as archive:
        assert json.loads(archive.read(MEMBER))["schema"] == 1


def test_any_onnx_tool_reads_the_spec(tiny_model):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(tiny_model.with_suffix(".onnx"))
    onnx.checker.check_model(model)
    texts = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(texts["facetoon"])["schema"] == 1


@pytest.mark.parametrize("length", [0, 1, 40, -1])
def test_truncated_onnx_is_refused(tmp_path, tiny_model, length):
    (tmp_path / "m.onnx").write_bytes(tiny_model.with_suffix(".onnx").read_bytes()[:length])
    with pytest.raises(InputError, match="carries no facetoon spec"):
        read_model(tmp_path / "m.onnx")


def test_foreign_onnx_is_refused(tmp_path, tiny_model):
    model, _ = read_model(tiny_model.with_suffix(".onnx"))
    for data in (model, b"GIF89a and so on"):
        (tmp_path / "m.onnx").write_bytes(data)
        with pytest.raises(InputError, match="carries no facetoon spec"):
            read_model(tmp_path / "m.onnx")


def test_one_flipped_bit_is_refused(tmp_path, tiny_model):
    data = bytearray(tiny_model.read_bytes())
    data[len(data) // 4] ^= 1
    (tmp_path / "m.tflite").write_bytes(data)
    with pytest.raises(InputError, match="hash differs"):
        open_session(tmp_path / "m.tflite")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_truncated_file_is_refused(tmp_path, tiny_model, share):
    data = tiny_model.read_bytes()
    (tmp_path / "m.tflite").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError):
        open_session(tmp_path / "m.tflite")


def test_foreign_model_is_refused(tmp_path, parts):
    (tmp_path / "m.tflite").write_bytes(parts[0])
    with pytest.raises(InputError, match="carries no facetoon spec"):
        open_session(tmp_path / "m.tflite")


def test_another_file_type_is_refused(tmp_path):
    (tmp_path / "m.tflite").write_bytes(b"GIF89a and so on")
    with pytest.raises(InputError, match="is not a TFLite model"):
        open_session(tmp_path / "m.tflite")


def test_sound_hash_over_nonsense_is_refused(tmp_path, parts):
    write_model(tmp_path / "m.tflite", b"\x00\x00\x00\x00TFL3 and then nonsense" * 9, parts[1])
    with pytest.raises(InputError, match="is a damaged TFLite model"):
        open_session(tmp_path / "m.tflite")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "schema 2; this facetoon reads schema 1"),
        ({"surprise": 1}, "cannot be read"),
        ({"kind": "face tracker"}, "m.tflite is a face tracker, not a generator"),
        ({"framing": {"face_height": 7.0, "face_centre_y": 0.5}}, "impossible"),
    ],
)
def test_spec_that_does_not_hold_is_refused(parts, change, message):
    values = json.loads(parts[1].to_json()) | change
    with pytest.raises(InputError, match=message):
        ModelSpec.from_json(json.dumps(values), "m.tflite")
