"""Runs and photographs that the tests draw and build themselves."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

import keras
from keras import layers

from facetoon.convert.__main__ import main
from facetoon.training.networks.deep_student import build_deep_student
from facetoon.training.networks.student import affines
from facetoon.training.pictures.images import load_split
from facetoon.training.recipes.parts import StudentRecipe

SIZE_PX = 32


def draw_faces(folder: Path, count: int, seed: int) -> None:
    folder.mkdir()
    random = np.random.default_rng(seed)
    for number in range(count):
        picture = np.full((48, 48, 3), random.integers(0, 256, 3), np.uint8)
        skin, eye = (tuple(map(int, random.integers(0, 256, 3))) for _ in range(2))
        x, y = map(int, random.integers(18, 30, 2))
        cv2.ellipse(picture, (x, y), (13, 17), float(random.uniform(-20, 20)), 0, 360, skin, -1, cv2.LINE_AA)
        for side in (-5, 5):
            cv2.circle(picture, (x + side, y - 4), 3, eye, -1, cv2.LINE_AA)
        cv2.imwrite(str(folder / f"{number:02d}.png"), picture)


def small_student() -> keras.Model:
    """Built like the student: BatchNorm that folds away, ReLU6, a depthwise convolution; statistics as if trained."""
    keras.utils.set_random_seed(1)
    image = keras.Input((SIZE_PX, SIZE_PX, 3), name="image")
    x = layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same", use_bias=False)(image))
    x = layers.ReLU(6.0)(x)
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x))
    x = layers.ReLU(6.0)(layers.Conv2D(16, 1)(x))
    model = keras.Model(image, layers.Activation("tanh")(layers.Conv2D(3, 1)(x)), name="small")
    noise = np.random.default_rng(1).uniform(-1, 1, (16, SIZE_PX, SIZE_PX, 3)).astype(np.float32)
    for _ in range(300):
        model(noise, training=True)  # moves the batch statistics
    return model


def deep_student() -> keras.Model:
    """A tiny student with a matte and two styles, whose normalization has the statistics of noise."""
    keras.utils.set_random_seed(1)
    widths = StudentRecipe(kind="deep", stem_filters=16, middle_filters=16, filters=16, blocks=1, matte=True)
    model, random = build_deep_student(SIZE_PX, widths, styles=2), np.random.default_rng(1)
    for layer in affines(model):
        layer.set_weights([random.normal(0, 0.05, rows.shape) for rows in layer.get_weights()])
    normed = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for layer in normed:
        layer.momentum = 0.0
    noise = random.uniform(-1, 1, (16, SIZE_PX // 4, SIZE_PX // 4, 3)).repeat(4, 1).repeat(4, 2).astype(np.float32)
    model([noise, random.dirichlet([1, 1], 16).astype(np.float32)], training=True)
    return model


def make_run(folder: Path, model: keras.Model, photos: list[str], **more: object) -> Path:
    folder.mkdir()
    model.save(folder / "generator_ab.keras")
    train, _ = load_split(photos, SIZE_PX, 0.2)
    config = {
        "recipe": {"data": {"size_px": SIZE_PX, "test_share": 0.2}},
        "data": {"photos": {"train_images": len(train), "train_sha256": train.digest}},
        **more,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "sources.json").write_text(json.dumps({"photos": photos}))
    return folder


@pytest.fixture(scope="session")
def new_run():
    """A function: (folder, Keras model, photos, further values of its configuration) to a run directory."""
    return make_run


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> list[str]:
    root = tmp_path_factory.mktemp("photos")
    draw_faces(root / "many", 30, 1)
    draw_faces(root / "few", 10, 2)
    return [str(root / "many"), str(root / "few")]


@pytest.fixture(scope="session")
def run(tmp_path_factory, photos) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "student", small_student(), photos)


@pytest.fixture(scope="session")
def deep_run(tmp_path_factory, photos) -> Path:
    """Of a student with a matte, of whose styles one keeps the shape."""
    place = tmp_path_factory.mktemp("runs") / "deep"
    return make_run(place, deep_student(), photos, styles=["toon", "paper"], keeps_shape=["paper"])


@pytest.fixture(scope="session")
def few() -> list[str]:
    """Arguments for few pictures."""
    return ["--calibration-images", "32", "--test-images", "6"]


@pytest.fixture(scope="session")
def toon(run, few, tmp_path_factory) -> Path:
    """static_wi8_ai8 of `run`, from few pictures."""
    out = tmp_path_factory.mktemp("toon") / "toon.tflite"
    assert main(["build", str(run), "--out", str(out), *few]) == 0
    return out
