from __future__ import annotations

import numpy as np
import pytest


def _save_onnx(path, taken=(1, 16, 16, 3), given=None, scale=-1.0, outputs=("cartoon",), kind="FLOAT"):
    """An .onnx file that multiplies its picture by `scale`, through floats whatever its type is."""
    onnx = pytest.importorskip("onnx")
    helper, types = onnx.helper, onnx.TensorProto
    number = getattr(types, kind)
    weights = [helper.make_tensor("scale", types.FLOAT, [1], np.float32(scale).tobytes(), raw=True)]
    nodes = [helper.make_node("Cast", ["image"], ["values"], to=types.FLOAT)]
    nodes += [helper.make_node("Mul", ["values", "scale"], ["scaled"])]
    nodes += [helper.make_node("Cast", ["scaled"], [name], to=number) for name in outputs]
    taken, given = (
        helper.make_tensor_value_info(*x) for x in (("image", number, taken), ("any", number, given or taken))
    )
    told = [helper.make_tensor_value_info(name, number, None) for name in outputs]
    for one in told:
        one.type.CopyFrom(given.type)
    graph = helper.make_graph(nodes, "foreign", [taken], told, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="session")
def save_onnx():
    """A function: writes an .onnx file that multiplies its picture."""
    return _save_onnx


@pytest.fixture(scope="session")
def negative():
    """A Keras model of one convolution that turns -1..1 into 1..-1, pictures of any size."""
    keras = pytest.importorskip("keras")
    image = keras.Input((None, None, 3), name="image")
    turn = keras.layers.Conv2D(3, 1, use_bias=False)
    model = keras.Model(image, turn(image), name="negative")
    turn.set_weights([-np.eye(3, dtype="float32")[None, None]])
    return model


@pytest.fixture(scope="session")
def to_tflite(negative):
    """A function: converts the negative at a shape, by the converter with `settings`."""
    tf = pytest.importorskip("tensorflow")

    def convert(shape, channels_first=False, **settings):
        @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])
        def draw(image):
            picture = tf.transpose(image, (0, 2, 3, 1)) if channels_first else image
            drawn = negative(picture)
            return tf.transpose(drawn, (0, 3, 1, 2)) if channels_first else drawn

        converter = tf.lite.TFLiteConverter.from_concrete_functions([draw.get_concrete_function()], draw)
        for name, value in settings.items():
            setattr(converter, name, value)
        return converter.convert()

    return convert


@pytest.fixture(scope="session")
def tflite(to_tflite, tmp_path_factory):
    """The negative of 16 px as a .tflite without metadata."""
    path = tmp_path_factory.mktemp("tflite") / "negative.tflite"
    path.write_bytes(to_tflite((1, 16, 16, 3)))
    return path


@pytest.fixture
def pictures():
    """A function: side to three pictures of noise."""
    return lambda side_px: np.random.default_rng(3).integers(0, 256, (3, side_px, side_px, 3), np.uint8)
