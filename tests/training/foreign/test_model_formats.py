"""The same negative in every format, layout and type of numbers."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
import tensorflow as tf

from facetoon.convert.formats.tflite_metadata import with_metadata
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.spec import read_model, write_model
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.foreign.foreign_generator import open_generator

UNIT, GREY = (ValueRange.parse(text) for text in ("-1..1", "0..255"))
_, SPEC = read_model(Path(__file__).parents[2] / "data" / "tiny-32.tflite")


@pytest.mark.parametrize(
    ("shape", "channels_first"),
    [((1, 16, 16, 3), False), ((1, None, None, 3), False), ((1, 3, 16, 16), True), ((1, 3, None, None), True)],
)
def test_tflite_of_every_layout_and_size(shape, channels_first, to_tflite, tmp_path, pictures):
    path = tmp_path / "negative.tflite"
    path.write_bytes(to_tflite(shape, channels_first))
    generator = open_generator(path, None, UNIT, UNIT)
    assert generator.size_px == (None if None in shape else 16)
    for side_px in (16,) if generator.size_px else (16, 24, 16):
        assert np.array_equal(generator.translate(pictures(side_px)), 255 - pictures(side_px))


@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs")  # of concrete functions; the converter takes none
@pytest.mark.parametrize("numbers", [tf.float32, tf.int8, tf.uint8])
def test_tflite_of_eight_bits(numbers, to_tflite, tmp_path, pictures):
    def calibration():
        random = np.random.default_rng(1)
        for _ in range(8):
            yield [random.uniform(-1, 1, (1, 16, 16, 3)).astype("float32")]

    path = tmp_path / "negative.tflite"
    path.write_bytes(
        to_tflite(
            (1, 16, 16, 3),
            optimizations=[tf.lite.Optimize.DEFAULT],
            representative_dataset=calibration,
            inference_input_type=numbers,
            inference_output_type=numbers,
        )
    )
    drawn = open_generator(path, None, UNIT, UNIT).translate(pictures(16))
    assert np.abs(drawn.astype(int) - (255 - pictures(16))).max() <= 3


def test_tflite_metadata_says_the_ranges_and_a_flag_outdoes_it(tflite, tmp_path, pictures):
    path = tmp_path / "told.tflite"
    path.write_bytes(with_metadata(tflite.read_bytes(), SPEC))
    generator = open_generator(path)
    assert (str(generator.input_range), str(generator.output_range)) == ("-1..1", "-1..1")
    assert np.array_equal(generator.translate(pictures(16)), 255 - pictures(16))
    path.write_bytes(with_metadata(tflite.read_bytes(), replace(SPEC, value_range=(0.0, 255.0))))
    assert open_generator(path, None, UNIT, UNIT).input_range == UNIT


@pytest.mark.parametrize("shape", [(1, 16, 16, 3), (1, 3, 16, 16), ("n", 3, "h", "w"), (1, "h", "w", 3)])
@pytest.mark.parametrize("kind", ["FLOAT", "FLOAT16"])
def test_onnx_of_every_layout_and_size(shape, kind, save_onnx, tmp_path, pictures):
    generator = open_generator(save_onnx(tmp_path / "negative.onnx", shape, kind=kind), None, UNIT, UNIT)
    assert generator.size_px == (16 if 16 in shape else None)
    drawn = generator.translate(pictures(16))
    assert np.abs(drawn.astype(int) - (255 - pictures(16))).max() <= (kind == "FLOAT16")


def test_bytes_say_that_they_are_grey_levels(save_onnx, tmp_path, pictures):
    generator = open_generator(save_onnx(tmp_path / "same.onnx", scale=1.0, kind="UINT8"))
    assert (generator.input_range, generator.output_range) == (GREY, GREY)
    assert np.array_equal(generator.translate(pictures(16)), pictures(16))


def test_a_model_of_this_kit_says_its_range(save_onnx, tmp_path):
    path = save_onnx(tmp_path / "ours.onnx")
    write_model(path, path.read_bytes(), SPEC)
    assert open_generator(path).output_range == UNIT


def test_onnx_finds_weights_beside_it_and_they_count(save_onnx, tmp_path, pictures, monkeypatch):
    onnx = pytest.importorskip("onnx")
    (tmp_path / "model").mkdir()
    path = save_onnx(tmp_path / "model/large.onnx")
    model = onnx.load(path)
    onnx.save_model(model, path, save_as_external_data=True, location="large.data", size_threshold=0)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/large.data").write_bytes(bytes(4))
    monkeypatch.chdir(tmp_path / "elsewhere")
    generator = open_generator(path, None, UNIT, UNIT)
    assert np.array_equal(generator.translate(pictures(16)), 255 - pictures(16))
    (tmp_path / "model/large.data").write_bytes(np.float32(-0.5).tobytes())
    assert open_generator(path, None, UNIT, UNIT).digest != generator.digest


def test_keras_and_saved_model(negative, tmp_path, pictures):
    negative.save(tmp_path / "negative.keras")
    negative.export(tmp_path / "negative", verbose=False)
    for name in ("negative.keras", "negative"):
        generator = open_generator(tmp_path / name, 24, UNIT, UNIT)
        assert generator.size_px == 24
        assert np.array_equal(generator.translate(pictures(24)), 255 - pictures(24))


@keras.saving.register_keras_serializable("elsewhere")
class Glow(keras.layers.Layer):
    def call(self, values):
        return values * 1.0


def test_foreign_layers_are_one_sentence(tmp_path, monkeypatch):
    image = keras.Input((16, 16, 3))
    keras.Model(image, Glow()(image)).save(tmp_path / "glow.keras")
    monkeypatch.delitem(keras.saving.get_custom_objects(), "elsewhere>Glow")
    monkeypatch.setattr(Glow, "__module__", "gone")
    with pytest.raises(InputError, match="uses Glow, which Keras does not have: export it as a SavedModel"):
        open_generator(tmp_path / "glow.keras", None, UNIT, UNIT)


def test_files_that_are_none_of_these_are_one_sentence(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved/saved_model.pb").write_bytes(b"no")
    for name in ("a.tflite", "a.onnx", "a.keras", "a.pt"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    for name, sentence in {
        "a.tflite": "is not a TFLite model",
        "a.onnx": "is not a model that onnxruntime can run",
        "a.keras": "it is no .keras archive",
        "a.pt": "it takes .tflite, .onnx, .keras or the folder of a SavedModel",
        "saved": "is not a SavedModel that can be served",
        "b.onnx": "cannot be read: there is no such file",
    }.items():
        with pytest.raises(InputError, match=sentence):
            open_generator(tmp_path / name, None, UNIT, UNIT)


@pytest.mark.parametrize(
    "config", [100_000 * b"[", b"{}", b"null", b"[]", b"\xff", 10_000 * b"9", b'{"class_name": 3}']
)
def test_a_keras_file_of_any_json_is_one_sentence(tmp_path, config):
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        for name, data in (("metadata.json", b"{}"), ("config.json", config), ("model.weights.h5", b"")):
            archive.writestr(name, data)
    with pytest.raises(InputError, match=r"a\.keras is not a Keras model that can be loaded: ") as refusal:
        open_generator(tmp_path / "a.keras", None, UNIT, UNIT)
    assert str(refusal.value).isprintable()
