"""Architectures that this kit does not make: converted and judged, or refused in a sentence."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

import keras
from keras import layers

from facetoon.convert.__main__ import main
from facetoon.edge_runtime.sessions.session import open_session

SIZE_PX = 32
SMALL = ["--calibration-images", "16", "--test-images", "6"]


def unet() -> keras.Model:
    """Skip connections, strided convolutions, LeakyReLU, instance normalization by Keras' own layer."""
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    skips, x = [], image
    for filters in (16, 32):
        x = layers.Conv2D(filters, 3, strides=2, padding="same")(x)
        x = layers.LeakyReLU(0.2)(layers.GroupNormalization(groups=-1)(x))
        skips.append(x)
    for skip in (skips[0], image):
        x = layers.Concatenate()([layers.UpSampling2D(2, interpolation="bilinear")(x), skip])
        x = layers.ReLU()(layers.GroupNormalization(groups=-1)(layers.Conv2D(16, 3, padding="same")(x)))
    return keras.Model(image, layers.Conv2D(3, 3, padding="same", activation="tanh")(x), name="unet")


def transposed_resnet() -> keras.Model:
    """The CycleGAN layout as first published: residual blocks and transposed convolutions."""
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    x = layers.Conv2D(16, 7, padding="same", activation="relu")(image)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    for _ in range(2):
        y = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
        x = x + layers.Conv2D(32, 3, padding="same")(y)
    x = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Conv2D(3, 7, padding="same", activation="tanh")(x), name="resnet")


def super_resolution() -> keras.Model:
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
    x = layers.UpSampling2D(2)(x)
    return keras.Model(image, layers.Conv2D(3, 3, padding="same")(x), name="super_resolution")


def enlarged_refined() -> keras.Model:
    """Super-resolution as SRCNN does it: a picture enlarged beforehand, 9-1-5 convolutions, no normalization."""
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    x = layers.Conv2D(32, 9, padding="same", activation="relu")(image)
    x = layers.Conv2D(16, 1, activation="relu")(x)
    return keras.Model(image, layers.Conv2D(3, 5, padding="same")(x), name="srcnn")


def of_unit_range() -> keras.Model:
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    return keras.Model(image, layers.Conv2D(3, 3, padding="same", activation="sigmoid")(image), name="of_unit_range")


def of_byte_range() -> keras.Model:
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    x = layers.Conv2D(3, 3, padding="same", activation="tanh")(image)
    return keras.Model(image, layers.Rescaling(127.5, 127.4)(x), name="of_byte_range")


def of_any_size() -> keras.Model:
    image = keras.Input((None, None, 3))
    return keras.Model(image, layers.Conv2D(3, 3, padding="same")(image), name="of_any_size")


def fourier() -> keras.Model:
    """TFLite has no kernel for this transform."""
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    real, imaginary = layers.Lambda(
        lambda x: keras.ops.fft2((x[..., 0], keras.ops.zeros_like(x[..., 0]))),
        output_shape=[(SIZE_PX, SIZE_PX), (SIZE_PX, SIZE_PX)],
    )(image)
    x = layers.Concatenate()([layers.Reshape((SIZE_PX, SIZE_PX, 1))(part) for part in (real, imaginary)])
    return keras.Model(image, layers.Conv2D(3, 1)(x), name="fourier")


@pytest.fixture
def convert(photos, tmp_path):
    """A function: Keras model, arguments, to (exit status, report or None)."""

    def run(model: keras.Model, *arguments: str, suffix: str = "tflite") -> tuple[int, dict | None]:
        model.save(tmp_path / "foreign.keras")
        out = tmp_path / "out" / f"toon.{suffix}"
        out.parent.mkdir(exist_ok=True)
        command = ["build", str(tmp_path / "foreign.keras"), "--photos", *photos, "--range=-1..1", "--out", str(out)]
        status = main([*command, *SMALL, *arguments])
        stem = out.name.removesuffix(".tflite")
        report = out.with_name(f"{stem}.report.json")
        return status, json.loads(report.read_text()) if report.is_file() else None

    return run


@pytest.mark.parametrize("build", [unet, transposed_resnet, enlarged_refined])
@pytest.mark.parametrize("recipe", ["float32", "hybrid_wi8_afp32"])
def test_foreign_generators_convert_and_pass(convert, build, recipe):
    keras.utils.set_random_seed(5)
    status, report = convert(build(), "--recipe", recipe)
    assert status == 0
    assert report["spec"]["scores"]["psnr_mean_db"] >= 38


@pytest.mark.parametrize("build", [unet, transposed_resnet, enlarged_refined])
@pytest.mark.parametrize("suffix", ["tflite", "onnx"])
def test_foreign_generators_are_judged_in_int8(convert, build, suffix):
    keras.utils.set_random_seed(5)
    status, report = convert(build(), suffix=suffix)
    assert report["verdict"] == ("fail" if status else "pass")


def test_a_saved_model_converts(photos, tmp_path):
    keras.utils.set_random_seed(5)
    model = transposed_resnet()
    model.export(tmp_path / "saved", verbose=False)
    out = tmp_path / "toon.tflite"
    command = ["build", str(tmp_path / "saved"), "--photos", *photos, "--out", str(out), "--recipe", "float32"]
    assert main([*command, *SMALL, "--range=-1..1"]) == 0
    picture = np.random.default_rng(1).uniform(-1, 1, (1, SIZE_PX, SIZE_PX, 3)).astype(np.float32)
    assert np.abs(open_session(out).infer(picture) - np.asarray(model(picture))).max() < 1e-4
    report = out.with_suffix(".report.md").read_text()
    assert "has not seen; whether the generator was trained on them, the source does not tell" in report
    assert "direction" not in report


def test_black_pictures_calibrate_and_judge_nothing(tmp_path, capfd):
    """They gave "pass, 49.8 dB" for a file of 16.8 dB on faces."""
    transposed_resnet().save(tmp_path / "toon.keras")
    (tmp_path / "black").mkdir()
    for number in range(20):  # each with another grey pixel, since equal files fall on one side of the split
        picture = np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)
        picture[number, 0] = 20
        cv2.imwrite(str(tmp_path / "black" / f"{number}.png"), picture)
    command = ["build", str(tmp_path / "toon.keras"), "--photos", str(tmp_path / "black"), "--range=-1..1"]
    assert main([*command, "--out", str(tmp_path / "toon.tflite")]) == 2
    assert "pictures are of one colour" in capfd.readouterr().err
    assert not (tmp_path / "toon.tflite").exists()


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (super_resolution, "not one picture to another of its size"),
        (of_unit_range, "it must take and give pictures of -1..1"),
        (of_byte_range, "it must take and give pictures of -1..1"),
        (of_any_size, "takes pictures of any size: its shapes are dynamic. State one with --size"),
    ],
)
def test_what_no_device_could_use_is_refused(convert, build, sentence, tmp_path, capfd):
    status, report = convert(build())
    printed = capfd.readouterr().err
    assert (status, report) == (2, None)
    assert sentence in printed
    assert printed.count("\n") == 1
    assert list((tmp_path / "out").iterdir()) == []


def test_an_operator_that_tflite_lacks_is_named(run, photos, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(
        "facetoon.convert.sources.generator_source.load_generator", lambda *_: fourier()
    )  # Keras loads no lambdas from files
    assert main(["build", str(run), "--out", str(tmp_path / "toon.tflite"), *SMALL]) == 2
    printed = capfd.readouterr().err
    assert printed.startswith("toon-convert: TensorFlow Lite refuses the generator")
    assert printed.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
