"""A teacher from any kind of run maps one picture to one picture."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.edge_runtime.errors import InputError
from facetoon.training.flags.teacher_flags import teachers_by_style
from facetoon.training.runs.teacher_network import load_teacher


@pytest.fixture
def styled(tmp_path):
    """A run whose generator adds 0.1 in the style "light" and takes 0.3 away in "dark"; the style comes first."""
    style, image = keras.Input((2,), name="style"), keras.Input((8, 8, 3), name="image")
    step = keras.layers.Dense(1, use_bias=False, name="step")
    picture = keras.layers.Add()([image, keras.layers.Reshape((1, 1, 1))(step(style))])
    step.set_weights([np.array([[0.1], [-0.3]], "float32")])
    (tmp_path / "run").mkdir()
    keras.Model([style, image], picture, name="styled").save(tmp_path / "run/generator_ab.keras")
    (tmp_path / "run/config.json").write_text(json.dumps({"recipe": {}, "styles": ["light", "dark"]}))
    return tmp_path / "run"


@pytest.mark.parametrize(("style", "change"), [("light", 0.1), ("dark", -0.3)])
@pytest.mark.parametrize("name", ["", "generator_ab.keras"])
def test_one_style_of_several(styled, name, style, change):
    teacher = load_teacher(styled / name, style)
    photos = np.random.default_rng(1).uniform(-0.5, 0.5, (3, 8, 8, 3)).astype("float32")
    assert teacher.input_shape == (None, 8, 8, 3)
    np.testing.assert_allclose(np.asarray(teacher(photos)), photos + np.float32(change), atol=1e-6)


def test_a_style_that_it_does_not_have(styled):
    with pytest.raises(InputError, match=r"several styles \(light, dark\): name one of them, as --teacher light="):
        load_teacher(styled, "")
    (styled / "config.json").unlink()
    with pytest.raises(InputError, match="draws several styles without names"):
        load_teacher(styled, "light")


def test_a_plain_teacher_is_as_it_was(tmp_path):
    image = keras.Input((8, 8, 3))
    keras.Model(image, keras.layers.Rescaling(2.0)(image), name="plain").save(tmp_path / "plain.keras")
    assert load_teacher(tmp_path / "plain.keras", "any").name == "plain"


def test_a_teacher_teaches_no_matte(tmp_path):
    image = keras.Input((8, 8, 3))
    keras.Model(image, keras.layers.Conv2D(4, 1)(image)).save(tmp_path / "matte.keras")
    assert load_teacher(tmp_path / "matte.keras", "any").output_shape == (None, 8, 8, 3)


def test_teachers_on_the_command_line(tmp_path):
    assert teachers_by_style([str(tmp_path)]) == {"": tmp_path}
    assert teachers_by_style([f"light={tmp_path}"]) == {"light": tmp_path}
    assert teachers_by_style(["a=x", "b=x"]).keys() == {"a", "b"}
    for flags in (["a=x", "a=y"], ["x", "y"], ["a=x", "B=y"]):
        with pytest.raises(InputError, match="Several teachers are given as"):
            teachers_by_style(flags)
