from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.foreign.foreign_generator import open_generator

UNIT, GREY = (ValueRange.parse(text) for text in ("-1..1", "0..255"))


def test_input_and_output_may_differ_in_range(save_onnx, tmp_path, pictures):
    path = save_onnx(tmp_path / "brighter.onnx", scale=255.0)
    drawn = open_generator(path, None, ValueRange.parse("0..1"), GREY).translate(pictures(16))
    assert np.array_equal(drawn, pictures(16))


def test_a_network_with_blue_first_sees_and_gives_blue_first(tmp_path, pictures):
    keras = pytest.importorskip("keras")
    image = keras.Input((16, 16, 3))
    first = keras.layers.Conv2D(3, 1, use_bias=False)  # keeps its first colour and drops the others
    keras.Model(image, first(image)).save(tmp_path / "first.keras")
    model = keras.models.load_model(tmp_path / "first.keras")
    model.layers[-1].set_weights([np.diag([1.0, 0.0, 0.0]).astype("float32")[None, None]])
    model.save(tmp_path / "first.keras")
    drawn = open_generator(tmp_path / "first.keras", None, GREY, GREY, blue_first=True).translate(pictures(16))
    assert np.array_equal(drawn[..., 2], pictures(16)[..., 2])
    assert not drawn[..., :2].any()


def test_a_drawing_of_another_size_is_brought_to_the_pictures(tmp_path, pictures):
    keras = pytest.importorskip("keras")
    image = keras.Input((16, 16, 3))
    keras.Model(image, keras.layers.UpSampling2D(2)(image)).save(tmp_path / "twice.keras")
    drawn = open_generator(tmp_path / "twice.keras", None, UNIT, UNIT).translate(pictures(16))
    assert np.array_equal(drawn, pictures(16))


def test_a_range_that_nobody_says_is_one_sentence(save_onnx, tmp_path):
    path = save_onnx(tmp_path / "silent.onnx")
    with pytest.raises(InputError, match=r"of its input and output: state it with --range, such as 0\.\.255, 0\.\.1"):
        open_generator(path)
    with pytest.raises(InputError, match="of its output: state it with --teacher-range"):
        open_generator(path, None, UNIT, None, "--teacher-range")


def test_ranges_that_cannot_be_true_are_one_sentence(save_onnx, tmp_path):
    path = save_onnx(tmp_path / "negative.onnx")
    with pytest.raises(InputError, match=r"gives values from -255 to 0, which are not 0\.\.255"):
        open_generator(path, None, GREY, GREY)
    with pytest.raises(InputError, match=r"a flat picture with input in -1\.\.1 and output in -255\.\.255"):
        open_generator(path, None, UNIT, ValueRange.parse("-255..255"))
    with pytest.raises(InputError, match=r"gives values from nan to nan"):
        open_generator(save_onnx(tmp_path / "broken.onnx", scale=float("nan")), None, UNIT, UNIT)


@pytest.mark.parametrize(
    ("model", "size_px", "sentence"),
    [
        ({"taken": (1, 16, 24, 3)}, None, "takes pictures of 24x16; a generator here takes squares"),
        ({}, 24, "takes pictures of 16 px, not 24"),
        ({"taken": (1, 16, 16, 4)}, None, r"has a tensor \(1, 16, 16, 4\), which is no RGB picture"),
        ({"taken": (2, 16, 16, 3)}, None, r"has a tensor \(2, 16, 16, 3\)"),
        ({"taken": ("n", 3)}, None, r"has a tensor \(any, 3\)"),
        (
            {"outputs": ("cartoon", "matte")},
            None,
            r"has 1 input\(s\) and 2 output\(s\); a network here has one of each",
        ),
        ({"kind": "DOUBLE"}, None, r"takes a tensor\(double\)"),
    ],
)
def test_other_networks_are_one_sentence(model, size_px, sentence, save_onnx, tmp_path):
    with pytest.raises(InputError, match=sentence):
        open_generator(save_onnx(tmp_path / "other.onnx", **model), size_px, UNIT, UNIT)


def test_an_answer_that_is_no_picture_is_one_sentence(tmp_path):
    keras = pytest.importorskip("keras")
    image = keras.Input((16, 16, 3))
    keras.Model(image, keras.layers.GlobalAveragePooling2D()(image)).save(tmp_path / "colour.keras")
    with pytest.raises(InputError, match=r"has a tensor \(1, 3\), which is no RGB picture"):
        open_generator(tmp_path / "colour.keras", None, UNIT, UNIT)


def test_a_size_that_the_network_cannot_take_is_one_sentence(tmp_path, pictures):
    keras = pytest.importorskip("keras")
    image = keras.Input((None, None, 3))
    half = keras.layers.AveragePooling2D(2)(image)
    keras.Model(image, keras.layers.Add()([image, keras.layers.UpSampling2D(2)(half)])).save(tmp_path / "even.keras")
    generator = open_generator(tmp_path / "even.keras", None, UNIT, ValueRange.parse("-2..2"))
    with pytest.raises(InputError, match="draws no picture of 15 px: "):
        generator.translate(pictures(15))
