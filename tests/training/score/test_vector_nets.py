"""Vector nets from files of every format, and the ImageNet nets of Keras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")
import keras

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.score import vector_nets

TINY = Path(__file__).parents[2] / "data"
UNIT = ValueRange.parse("-1..1")


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3), np.uint8)


def test_a_keras_file_sees_pictures_of_any_size_in_its_range(vector_file, pictures):
    features = vector_nets.vector_net(vector_file, ValueRange.parse("0..255"))(pictures)
    assert features.shape == (3, 48)
    np.testing.assert_allclose(features.mean(1), pictures.mean((1, 2, 3)), atol=0.5)
    unit = vector_nets.vector_net(vector_file, UNIT)(pictures)
    np.testing.assert_allclose(unit, features / 127.5 - 1, atol=1e-5)


def test_onnx_and_tflite_files_see_what_the_keras_one_sees(vector_file, pictures, tmp_path):
    tf2onnx = pytest.importorskip("tf2onnx")
    import tensorflow as tf

    model = keras.saving.load_model(vector_file)
    call = tf.function(lambda x: model(x, training=False))
    signature = [tf.TensorSpec((1, 32, 32, 3), tf.float32, name="image")]
    for name, first in (("last", None), ("first", ["image"])):
        path = tmp_path / f"{name}.onnx"
        tf2onnx.convert.from_function(call, signature, opset=17, inputs_as_nchw=first, output_path=str(path))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([call.get_concrete_function(*signature)])
    (tmp_path / "net.tflite").write_bytes(converter.convert())
    wanted = vector_nets.vector_net(vector_file, UNIT)(pictures)
    for name in ("last.onnx", "first.onnx", "net.tflite"):
        np.testing.assert_allclose(vector_nets.vector_net(tmp_path / name, UNIT)(pictures), wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("tiny-32.tflite", "turns pictures into .* an encoder gives one vector for each picture"),
        ("make_tiny.py", "is no model that can be opened"),
        ("nowhere.onnx", "cannot be read"),
    ],
)
def test_another_file_is_one_sentence(name, sentence):
    with pytest.raises(InputError, match=sentence):
        vector_nets.vector_net(TINY / name, UNIT)


def test_a_range_that_nobody_says_is_one_sentence(vector_file):
    with pytest.raises(InputError, match="does not say the range of its input: give --encoder-range, such as 0"):
        vector_nets.vector_net(vector_file, None)


def test_a_net_of_any_size_is_one_sentence(tmp_path):
    image = keras.Input((None, None, 3))
    keras.Model(image, keras.layers.GlobalAveragePooling2D()(image)).save(tmp_path / "any.keras")
    with pytest.raises(InputError, match="an encoder takes squares of one size"):
        vector_nets.vector_net(tmp_path / "any.keras", UNIT)


@pytest.mark.parametrize(
    ("features", "name", "size_px"), [("mobilenet", "MobileNet", 8), ("inception", "InceptionV3", 8)]
)
def test_features_are_pooled_imagenet_features(features, name, size_px, pictures, monkeypatch):
    asked = {}

    def build(input_shape, **more):
        asked.update(more)
        image = keras.Input(input_shape)
        return keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))

    monkeypatch.setattr(keras.applications, name, build)
    net = vector_nets.imagenet_net(features)
    assert net(pictures).shape == (3, 3)
    assert -1 <= net(pictures).min() <= net(pictures).max() <= 1
    assert (asked["include_top"], asked["pooling"]) == (False, "avg")


def test_weights_that_cannot_be_downloaded_are_one_sentence(monkeypatch):
    def offline(**_):
        raise Exception("URL fetch failure on https://example.org: None -- unreachable")

    monkeypatch.setattr(keras.applications, "MobileNet", offline)
    with pytest.raises(InputError, match=r"weights of MobileNet cannot be downloaded .* --encoder FILE") as raised:
        vector_nets.imagenet_net("mobilenet")
    assert "\n" not in str(raised.value)
