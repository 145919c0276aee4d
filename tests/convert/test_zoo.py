"""Thirty small generators of other projects: each file draws as its source does, or one sentence refuses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

import keras
import onnx
import tensorflow as tf
from keras import layers, ops
from onnx import TensorProto, helper, numpy_helper

from facetoon.convert.__main__ import main
from facetoon.edge_runtime.sessions.onnx_session import open_onnx
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.training.networks.teacher import build_generator
from facetoon.training.recipes.parts import GeneratorRecipe

SIZE_PX = 32
FEW = ["--calibration-images", "8", "--test-images", "3"]

pytestmark = pytest.mark.slow


def conv(filters: int = 8, kernel: int = 3, **options: object) -> layers.Layer:
    return layers.Conv2D(filters, kernel, padding="same", **options)


def pixel_shuffle(x: keras.KerasTensor) -> keras.KerasTensor:
    _, height, width, channels = x.shape
    x = ops.reshape(x, (-1, height, width, 2, 2, channels // 4))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 2 * height, 2 * width, channels // 4))


def excited(x: keras.KerasTensor) -> keras.KerasTensor:
    """Squeeze and excitation (Hu et al. 2018)."""
    weights = layers.Dense(8, activation="sigmoid")(layers.Dense(4, "relu")(layers.GlobalAveragePooling2D()(x)))
    return x * layers.Reshape((1, 1, 8))(weights)


def attended(x: keras.KerasTensor) -> keras.KerasTensor:
    tokens = layers.Reshape((64, 8))(layers.AveragePooling2D(4)(x))
    tokens = layers.LayerNormalization()(tokens + layers.MultiHeadAttention(2, 4)(tokens, tokens))
    return x + layers.UpSampling2D(4)(layers.Reshape((8, 8, 8))(tokens))


def spectral(x: keras.KerasTensor) -> keras.KerasTensor:
    """Instance normalization written out, as older ports of CartoonGAN have it."""
    mean, variance = ops.moments(x, (1, 2), keepdims=True)
    return (x - mean) * ops.rsqrt(variance + 1e-5)


Body = Callable[[keras.KerasTensor], keras.KerasTensor]
KERAS: dict[str, Body] = {
    "layer normalization, GELU": lambda x: layers.Activation("gelu")(layers.LayerNormalization()(x)),
    "GELU by tanh": lambda x: ops.gelu(x, approximate=True),
    "grouped convolution": lambda x: layers.ReLU()(conv(groups=4)(x)),
    "dilated convolution": lambda x: layers.ReLU()(conv(dilation_rate=2)(x)),
    "instance normalization": lambda x: layers.ReLU()(layers.GroupNormalization(groups=-1)(x)),
    "group normalization": lambda x: layers.ReLU()(layers.GroupNormalization(groups=4)(x)),
    "RMS normalization": lambda x: layers.ReLU()(layers.RMSNormalization()(x)),
    "written-out normalization": spectral,
    "batch normalization, PReLU": lambda x: layers.PReLU(shared_axes=[1, 2])(layers.BatchNormalization()(x)),
    "separable, swish": lambda x: layers.Activation("silu")(layers.SeparableConv2D(8, 3, padding="same")(x)),
    "transposed 4x4": lambda x: layers.Conv2DTranspose(8, 4, 2, padding="same")(conv(8, 4, strides=2)(x)),
    "pixel shuffle": lambda x: pixel_shuffle(conv(32, strides=2)(x)),
    "reflection padding": lambda x: layers.Conv2D(8, 3)(ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "reflect")),
    "nearest upsampling": lambda x: layers.UpSampling2D(2)(layers.MaxPooling2D(2)(x)),
    "bilinear upsampling": lambda x: layers.UpSampling2D(2, interpolation="bilinear")(layers.AveragePooling2D(2)(x)),
    "bicubic upsampling": lambda x: layers.UpSampling2D(2, interpolation="bicubic")(layers.AveragePooling2D(2)(x)),
    "squeeze and excitation": excited,
    "self-attention": attended,
    "hard swish": lambda x: layers.Activation("hard_swish")(layers.UnitNormalization()(x)),
    "mish, ELU, SELU": lambda x: layers.ELU()(layers.Activation("mish")(x)) + layers.Activation("selu")(x),
    "softmax over channels": lambda x: layers.Concatenate()([x, layers.Softmax()(x)]),
    "cropping": lambda x: layers.ZeroPadding2D(2)(layers.Cropping2D(2)(x)),
    "3-D convolution": lambda x: layers.Reshape((32, 32, 8))(
        layers.Conv3D(1, 3, padding="same")(layers.Reshape((32, 32, 8, 1))(x))
    ),
}
# What TFLite has no kernel for is said; all others convert.
REFUSED = {"bicubic upsampling": "it lacks an operator (TF Select ops: ResizeBicubic)"}


def generator(body: Body) -> keras.Model:
    keras.utils.set_random_seed(3)
    image = keras.Input((SIZE_PX, SIZE_PX, 3), name="image")
    drawn = conv(3)(body(conv()(image)))
    return keras.Model(image, layers.Activation("tanh")(image + 0.5 * drawn), name="foreign")


class Sobel(tf.Module):
    """A SavedModel without Keras: lines darken the picture, at a fixed batch."""

    @tf.function(input_signature=[tf.TensorSpec((1, SIZE_PX, SIZE_PX, 3), tf.float32)])
    def __call__(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        edges = tf.reduce_max(tf.abs(tf.image.sobel_edges(image)), -1)
        halved = tf.image.resize(image, (SIZE_PX // 2, SIZE_PX // 2))
        smooth = tf.compat.v1.image.resize_bilinear(halved, (SIZE_PX, SIZE_PX), half_pixel_centers=True)
        return {"cartoon": tf.clip_by_value(smooth - 0.2 * edges, -1.0, 1.0)}


def chain(path: Path, *steps: tuple[str, list, dict]) -> Path:
    """Write ONNX operators in a row, channels first. A step is a kind, its further inputs and its attributes."""
    nodes, constants, last = [], [], "x"
    for number, (kind, values, attributes) in enumerate(steps):
        names = [f"c{number}_{place}" for place in range(len(values))]
        constants += [numpy_helper.from_array(value, name) for value, name in zip(values, names, strict=True)]
        output = "y" if number == len(steps) - 1 else f"t{number}"
        nodes.append(helper.make_node(kind, [last, *names], [output], **attributes))
        last = output
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, SIZE_PX, SIZE_PX]) for name in "xy"]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)


SIZES = np.int64([1, 8, SIZE_PX, SIZE_PX])
PADDED = {"pads": [1] * 4}
FIRST, LAST = ("Conv", [weights(8, 3, 3, 3)], PADDED), ("Conv", [weights(3, 8, 3, 3)], PADDED)
ONNX = {
    "instance normalization": [
        ("InstanceNormalization", [np.ones(8, np.float32), np.zeros(8, np.float32)], {}),
        ("LeakyRelu", [], {"alpha": 0.2}),
    ],
    "grouped convolution": [("Conv", [weights(8, 2, 3, 3)], PADDED | {"group": 4}), ("Tanh", [], {})],
    "reflection padding": [
        ("Pad", [np.int64([0, 0, 1, 1, 0, 0, 1, 1])], {"mode": "reflect"}),
        ("Conv", [weights(8, 8, 3, 3)], {}),
    ],
    "transposed convolution": [
        ("Conv", [weights(8, 8, 3, 3)], PADDED | {"strides": [2, 2]}),
        ("ConvTranspose", [weights(8, 8, 3, 3)], PADDED | {"strides": [2, 2], "output_padding": [1, 1]}),
    ],
    "resize": [
        ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Resize", [np.float32([]), np.float32([]), SIZES], {"mode": "linear"}),
    ],
    "depth to space": [
        ("Conv", [weights(32, 8, 3, 3)], PADDED | {"strides": [2, 2]}),
        ("DepthToSpace", [], {"blocksize": 2, "mode": "CRD"}),
    ],
    "local response": [("LRN", [], {"size": 3})],
}
REFUSED_ONNX = {"local response": "LRN"}


@pytest.fixture
def convert(photos, tmp_path):
    """A function: place of a model to the session of its float32 file, or the exit status."""

    def run(place: Path):
        out = tmp_path / "toon.tflite"
        command = ["build", str(place), "--photos", *photos, "--range=-1..1", "--recipe", "float32"]
        status = main([*command, *FEW, "--out", str(out)])
        return open_session(out) if status == 0 else status

    return run


def noise() -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (1, SIZE_PX, SIZE_PX, 3)).astype(np.float32)


def assert_refused(result: object, printed: str, sentence: str) -> None:
    assert result == 2
    assert sentence in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("name", KERAS)
def test_keras(convert, tmp_path, capfd, name):
    model = generator(KERAS[name])
    model.save(tmp_path / "foreign.keras")
    result = convert(tmp_path / "foreign.keras")
    if name in REFUSED:
        assert_refused(result, capfd.readouterr().err, REFUSED[name])
    else:
        np.testing.assert_allclose(result.infer(noise()), np.asarray(model(noise())), atol=1e-4)


@pytest.mark.parametrize("name", ONNX)
def test_onnx(convert, tmp_path, capfd, name):
    place = chain(tmp_path / "foreign.onnx", FIRST, *ONNX[name], LAST)
    result = convert(place)
    if name in REFUSED_ONNX:
        assert_refused(result, capfd.readouterr().err, REFUSED_ONNX[name])
        return
    (expected,) = open_onnx(str(place), "the source", 1)[0].run(None, {"x": noise().transpose(0, 3, 1, 2)})
    np.testing.assert_allclose(result.infer(noise()), expected.transpose(0, 2, 3, 1), atol=1e-4)


def test_saved_models(convert, tmp_path):
    model, module = generator(KERAS["layer normalization, GELU"]), Sobel()
    model.export(tmp_path / "keras", verbose=False)
    np.testing.assert_allclose(convert(tmp_path / "keras").infer(noise()), np.asarray(model(noise())), atol=1e-4)
    tf.saved_model.save(module, str(tmp_path / "plain"))
    expected = module(tf.constant(noise()))["cartoon"]
    np.testing.assert_allclose(convert(tmp_path / "plain").infer(noise()), expected, atol=1e-4)


def test_all_of_an_instance_norm_teacher_finishes(photos, new_run, tmp_path, capfd):
    """LiteRT cannot run its plain int8; that is a row, and every other file is made."""
    keras.utils.set_random_seed(3)
    teacher = build_generator(GeneratorRecipe(filters=8, blocks=1), SIZE_PX, "teacher")
    run = new_run(tmp_path / "teacher", teacher, photos)
    (tmp_path / "out").mkdir()
    assert main(["build", str(run), "--all", "--out", str(tmp_path / "out"), *FEW]) in (0, 1, 2)
    rows = capfd.readouterr().out.splitlines()[2:]
    assert len(rows) == 11
    verdicts = {row.split("|")[1].strip(): row.split("|")[2].strip() for row in rows}
    assert all(verdict in ("pass", "fail") or verdict.startswith("refused: ") for verdict in verdicts.values())
    assert verdicts["teacher.float32.tflite"] == verdicts["teacher.float32.onnx"] == "pass"
