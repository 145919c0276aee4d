"""Other projects' Keras files and SavedModels: ranges, sizes, layouts and outputs that the file does not say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

import keras
from keras import layers, ops

from facetoon.convert.judge.comparison import check_generator
from facetoon.convert.sources.foreign_source import open_foreign
from facetoon.convert.sources.source_facts import read_facts
from facetoon.edge_runtime.errors import InputError

PICTURES = np.random.default_rng(1).integers(0, 256, (4, 16, 16, 3), np.uint8)
UNIT = (PICTURES / 127.5 - 1).astype(np.float32)


def facts(size: str = "", ranges: str = "", layout: str = "", output: str = "", custom: Path | None = None):
    return read_facts(size, ranges, layout, output, custom)


def saved(folder: Path, model: keras.Model, name: str = "foreign.keras") -> Path:
    model.save(folder / name)
    return folder / name


def inverted(shape: tuple[int | None, ...], whole: float) -> keras.Model:
    image = keras.Input(shape)
    return keras.Model(image, layers.Rescaling(-1, whole)(image), name="inverted")


@pytest.mark.parametrize(
    ("shape", "whole", "told"),
    [
        ((16, 16, 3), 255, {"ranges": "0..255"}),
        ((16, 16, 3), 1, {"ranges": "0..1"}),
        ((16, 16, 3), 0, {"ranges": "-1..1"}),
        ((None, None, 3), 1, {"ranges": "0..1", "size": "16x16"}),
        ((3, 16, 16), 1, {"ranges": "0..1"}),
        ((3, None, None), 1, {"ranges": "0..1", "size": "16", "layout": "first"}),
    ],
)
def test_every_range_size_and_layout_becomes_one(tmp_path, shape, whole, told):
    model = open_foreign(saved(tmp_path, inverted(shape, whole)), facts(**told))
    assert model.inputs[0].shape[1:] == (16, 16, 3)
    np.testing.assert_allclose(np.asarray(model(UNIT)), -UNIT, atol=1e-5)


def test_a_range_is_never_guessed(tmp_path):
    with pytest.raises(InputError, match=r"state it with --range, such as 0\.\.255"):
        open_foreign(saved(tmp_path, inverted((16, 16, 3), 0)), facts())


def test_a_flat_picture_is_a_wrong_range(tmp_path):
    image = keras.Input((16, 16, 3))
    model = keras.Model(image, layers.Activation("tanh")(layers.Rescaling(1 / 127.5, -1)(image)))
    path = saved(tmp_path, model)
    check_generator(open_foreign(path, facts(ranges="0..255,-1..1")), PICTURES, None, True)
    with pytest.raises(InputError, match=r"draws a flat picture.*--range"):
        check_generator(open_foreign(path, facts(ranges="-1..1")), PICTURES, None, True)


def test_hdf5_opens_by_its_own_name_alone(tmp_path):
    path = tmp_path / "plain.h5"
    inverted((16, 16, 3), 0).save(path)
    np.testing.assert_allclose(np.asarray(open_foreign(path, facts(ranges="-1..1"))(UNIT)), -UNIT, atol=1e-5)
    disguised = path.rename(tmp_path / "plain.keras")
    with pytest.raises(InputError, match=r"is an HDF5 file under the name .keras: rename it to plain.h5"):
        open_foreign(disguised, facts(ranges="-1..1"))


CUSTOM = """
import keras

class Inverted(keras.layers.Layer):
    def call(self, x):
        return -x
"""


def test_custom_layers_come_from_a_file(tmp_path):
    module = tmp_path / "mine.py"
    module.write_text(CUSTOM)
    namespace: dict = {"__name__": "elsewhere"}
    exec(CUSTOM, namespace)
    image = keras.Input((16, 16, 3))
    path = saved(tmp_path, keras.Model(image, namespace["Inverted"]()(image)))
    with pytest.raises(InputError, match=r"uses Inverted, which Keras does not have.*--custom"):
        open_foreign(path, facts(ranges="-1..1"))
    model = open_foreign(path, facts(ranges="-1..1", custom=module))
    np.testing.assert_allclose(np.asarray(model(UNIT)), -UNIT, atol=1e-6)
    with pytest.raises(InputError, match=r"--custom .* is no Python file"):
        open_foreign(path, facts(ranges="-1..1", custom=tmp_path / "none.py"))


def test_one_of_several_outputs_of_a_saved_model(tmp_path):
    image = keras.Input((16, 16, 3))
    keras.Model(image, {"same": ops.abs(image), "turned": -image}).export(tmp_path / "saved", verbose=False)
    with pytest.raises(InputError, match="has 2 outputs: choose one with --output: "):
        open_foreign(tmp_path / "saved", facts(ranges="-1..1"))
    model = open_foreign(tmp_path / "saved", facts(ranges="-1..1", output="turned"))
    np.testing.assert_allclose(np.asarray(model(UNIT)), -UNIT, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.tflite", "is not a TFLite model"),
        ("a.txt", r"it takes a run directory, .keras, .h5, .onnx, .pt2, .pt, a float .tflite or the folder of a Saved"),
        ("none.keras", "does not exist"),
    ],
)
def test_a_model_of_another_kind_is_told_which_are_taken(tmp_path, name, sentence):
    if name != "none.keras":
        (tmp_path / name).write_bytes(b"something")
    with pytest.raises(InputError, match=sentence):
        open_foreign(tmp_path / name, facts(ranges="-1..1"))


@pytest.mark.parametrize(("size", "sentence"), [("0", "is none"), ("a", "is none"), ("16x32x3", "is none")])
def test_bad_sizes_are_said(size, sentence):
    with pytest.raises(InputError, match=sentence):
        facts(size)
