from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from keras import layers

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.deep_student import build_deep_student, build_student_of
from facetoon.training.networks.student import affines, unclipped, with_one_more
from facetoon.training.recipes.parts import StudentRecipe
from facetoon.training.recipes.recipe import load_recipe

TINY = StudentRecipe(16, 16, 1, kernel=5, kind="deep", middle_filters=16, matte=True)


def pictures(count=2):
    return np.random.default_rng(1).uniform(-1, 1, (count, 32, 32, 3)).astype("float32")


def test_it_gives_a_picture_and_a_matte_in_range():
    student = build_deep_student(32, TINY)
    out = np.asarray(student(50 * pictures()))
    assert out.shape == (2, 32, 32, 4)
    assert np.abs(out).max() <= 1


def test_every_size_has_gains_and_shifts_of_the_style():
    student = build_deep_student(32, TINY, styles=2)
    assert len(affines(student)) == 5  # a quarter, an eighth, one block, a quarter and a half again
    for layer in affines(student):
        layer.gains.assign(np.random.default_rng(2).normal(size=layer.gains.shape))
    red, blue = (np.asarray(student([pictures(), np.array([style] * 2, "float32")])) for style in ([1, 0], [0, 1]))
    assert np.abs(red - blue).max() > 0.01


def test_a_block_sees_far():
    """A change at the left reaches places that are too far away for the layers at full, half and quarter size."""
    student = build_deep_student(128, TINY)
    photo = np.zeros((1, 128, 128, 3), "float32")
    changed = photo.copy()
    changed[:, :, :8] = 1
    difference = np.abs(np.asarray(student(photo)) - np.asarray(student(changed))).max((0, 1, 3))
    assert np.flatnonzero(difference > 1e-6).max() > 24


@pytest.mark.parametrize(("size_px", "filters"), [(36, 16), (32, 24)])
def test_sizes_that_cannot_be_are_one_sentence(size_px, filters):
    with pytest.raises(InputError, match="multiple of 8 and the filters of 16"):
        build_deep_student(size_px, StudentRecipe(16, filters, 1, kind="deep"))


def test_the_recipe_chooses_the_kind():
    small = ["data.size_px=32", "student.blocks=1"]
    assert build_student_of(load_recipe("styles_256", small), 3).output_shape == (None, 32, 32, 4)
    assert build_student_of(load_recipe("styles_128", small)).output_shape == (None, 32, 32, 3)
    with pytest.raises(InputError, match='Only a student of kind "deep" has a matte'):
        build_student_of(load_recipe("styles_128", [*small, "student.matte=true"]))


def million_macs(student) -> float:
    """Multiply-accumulates of one picture in convolutions, in millions, as `toon-convert inspect` counts them."""
    convolutions = [x for x in student.layers if isinstance(x, (layers.Conv2D, layers.DepthwiseConv2D))]
    return sum(np.prod(x.output.shape[1:3]) * np.prod(x.kernel.shape) for x in convolutions) / 1e6


@pytest.mark.parametrize(
    ("name", "size_px", "most"),
    [("styles_256_small", 128, 80), ("styles_256", 256, 600), ("styles_384_large", 384, 1500)],
)
def test_the_recipes_stay_within_their_budgets(name, size_px, most):
    student = build_student_of(load_recipe(name), styles=5)
    assert student.output_shape == (None, size_px, size_px, 4)
    assert 0.75 * most < million_macs(student) < most


def test_one_more_style_leaves_the_old_ones_and_the_matte():
    student, random = build_deep_student(32, TINY, styles=2), np.random.default_rng(2)
    for layer in affines(student):
        layer.set_weights([random.normal(0, 0.1, rows.shape) for rows in layer.get_weights()])
    old, new = (np.array([row] * 2, "float32") for row in ((0.3, 0.7), (0.3, 0.7, 0)))
    before = np.asarray(student([pictures(), old]))
    assert np.array_equal(before, np.asarray(with_one_more(student)([pictures(), new])))
    assert np.allclose(np.clip(unclipped(student)([pictures(), old]), -1, 1), before)
