"""Generators as functions of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.training.score import translator

TINY = Path(__file__).parents[2] / "data"


def test_a_folder_is_no_generator(tmp_path):
    with pytest.raises(InputError, match="holds no generator"):
        translator.open_translator(tmp_path, "ab")


def test_a_model_file_draws_as_on_the_device():
    images = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), np.uint8)
    tiny = translator.open_translator(TINY / "tiny-32.tflite", "ab")
    session = open_session(TINY / "tiny-32.tflite")
    assert (tiny.size_px, tiny.back) == (32, None)
    np.testing.assert_array_equal(tiny.draw(images), np.stack([session.run(image) for image in images]))


def test_a_matte_is_no_part_of_the_picture(tmp_path):
    image = keras.Input((16, 16, 3))
    keras.Model(image, keras.layers.Conv2D(4, 1)(image)).save(tmp_path / "matte.keras")
    images = np.zeros((3, 16, 16, 3), np.uint8)
    assert translator.open_translator(tmp_path / "matte.keras", "ab").draw(images).shape == images.shape


def test_a_model_without_styles_takes_none():
    with pytest.raises(InputError, match="has no styles to choose from"):
        translator.open_translator(TINY / "tiny-32.tflite", "ab", "anime:1")
