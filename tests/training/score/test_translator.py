"""Generators as functions of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.networks.deep_student import build_deep_student
from facetoon.training.recipes.parts import StudentRecipe
from facetoon.training.score import translator
from facetoon.training.score.translator import ForeignFacts

TINY = Path(__file__).parents[2] / "data"


def test_a_folder_is_no_generator(tmp_path):
    with pytest.raises(InputError, match="holds no generator"):
        translator.open_translators(tmp_path, "ab")


def test_a_model_file_draws_as_on_the_device():
    images = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), np.uint8)
    (tiny,) = translator.open_translators(TINY / "tiny-32.tflite", "ab")
    session = open_session(TINY / "tiny-32.tflite")
    assert (tiny.size_px, tiny.back) == (32, None)
    np.testing.assert_array_equal(tiny.draw(images), np.stack([session.run(image) for image in images]))


def test_a_matte_is_no_part_of_the_picture(tmp_path):
    widths = StudentRecipe(kind="deep", stem_filters=16, middle_filters=16, filters=16, blocks=1, matte=True)
    build_deep_student(16, widths).save(tmp_path / "matte.keras")
    images = np.zeros((3, 16, 16, 3), np.uint8)
    (drawn,) = translator.open_translators(tmp_path / "matte.keras")
    assert drawn.draw(images).shape == images.shape


def test_a_model_without_styles_takes_none():
    with pytest.raises(InputError, match="has no styles to choose from"):
        translator.open_translators(TINY / "tiny-32.tflite", "ab", "anime:1")


def test_a_model_with_styles_gives_a_translator_for_each():
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), np.uint8)
    place = TINY / "tiny-32-styles.tflite"
    plain, inverted = translator.open_translators(place)
    assert [one.name.split()[-1] for one in (plain, inverted)] == ["plain", "inverted"]
    first = plain.draw(images)
    assert (inverted.draw(images) != first).any()
    np.testing.assert_array_equal(plain.draw(images), first)  # the other style has not stayed in the session
    (mixed,) = translator.open_translators(place, style="plain:0.5,inverted:0.5")
    assert mixed.name.endswith("plain:0.5,inverted:0.5")


def test_other_projects_files_draw_in_the_range_that_is_said(foreign_files):
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), np.uint8)
    (ours,) = translator.open_translators(TINY / "tiny-32.tflite")
    unit = ValueRange.parse("-1..1")
    for path in foreign_files:
        (foreign,) = translator.open_translators(path, foreign=ForeignFacts((unit, unit)))
        assert foreign.size_px == 32
        assert np.abs(foreign.draw(images).astype(int) - ours.draw(images)).max() <= 4
        with pytest.raises(InputError, match="does not say the range of values"):
            translator.open_translators(path)
        with pytest.raises(InputError, match="has no styles to choose from"):
            translator.open_translators(path, style="anime", foreign=ForeignFacts((unit, unit)))


def test_a_keras_file_of_another_project_has_its_own_range_and_any_size(tmp_path):
    keras = pytest.importorskip("keras")
    image = keras.Input((None, None, 3))
    keras.Model(image, keras.layers.Rescaling(-1.0, 1.0)(image)).save(tmp_path / "negative.keras")
    images = np.random.default_rng(1).integers(0, 256, (2, 24, 24, 3), np.uint8)
    ranges = (ValueRange.parse("0..1"), ValueRange.parse("0..1"))
    (negative,) = translator.open_translators(tmp_path / "negative.keras", foreign=ForeignFacts(ranges, 24))
    assert negative.size_px == 24
    np.testing.assert_array_equal(negative.draw(images), 255 - images)


def test_a_model_with_blue_first_draws_as_its_mirror(foreign_files):
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), np.uint8)
    unit = ValueRange.parse("-1..1")
    (red,) = translator.open_translators(foreign_files[0], foreign=ForeignFacts((unit, unit)))
    (blue,) = translator.open_translators(foreign_files[0], foreign=ForeignFacts((unit, unit), blue_first=True))
    np.testing.assert_array_equal(blue.draw(images), red.draw(images[..., ::-1])[..., ::-1])
