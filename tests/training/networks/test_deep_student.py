from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from keras import layers

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.deep_student import build_deep_student, build_student_of
from facetoon.training.networks.student import affines, unclipped, with_one_more
from facetoon.training.recipes.parts import StudentRecipe
from facetoon.training.recipes.recipe import load_recipe

TINY = StudentRecipe(kind="deep", stem_filters=16, middle_filters=16, filters=16, blocks=1, matte=True)


def million_macs(student) -> float:
    """Multiply-accumulates of one picture in convolutions, as `toon-convert inspect` counts them, in millions."""
    total = 0
    for layer in student.layers:
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            area = int(np.prod(layer.output.shape[1:3]))
            total += area * int(np.prod(layer.kernel.shape))
    return total / 1e6


@pytest.mark.parametrize(
    ("name", "size_px", "most"),
    [("styles_256_small", 128, 80), ("styles_256", 256, 600), ("styles_384_large", 384, 1500)],
)
def test_the_recipes_stay_within_their_budgets(name, size_px, most):
    student = build_student_of(load_recipe(name), styles=5)
    assert student.output_shape == (None, size_px, size_px, 4)
    assert 0.75 * most < million_macs(student) < most


def test_answers_lie_in_range_and_have_the_inputs_size():
    photos = np.random.default_rng(1).uniform(-50, 50, (2, 24, 24, 3)).astype("float32")
    for matte in (False, True):
        out = np.asarray(build_deep_student(24, replace(TINY, matte=matte))(photos))
        assert out.shape == (2, 24, 24, 3 + matte)
        assert np.abs(out).max() <= 1


@pytest.mark.parametrize(("size_px", "widths"), [(20, (16, 16, 16)), (24, (8, 16, 16)), (24, (16, 24, 16))])
def test_impossible_sizes_are_refused(size_px, widths):
    stem, middle, filters = widths
    recipe = replace(TINY, stem_filters=stem, middle_filters=middle, filters=filters)
    with pytest.raises(InputError, match="multiple of 8 and the filters of 16"):
        build_deep_student(size_px, recipe)


def test_a_plain_student_has_no_matte():
    recipe = replace(load_recipe("styles_64"), student=replace(TINY, kind="plain"))
    with pytest.raises(InputError, match='Only a student of kind "deep" has a matte'):
        build_student_of(recipe)


def test_one_more_style_leaves_the_old_ones_and_the_matte():
    student, random = build_deep_student(24, TINY, styles=2), np.random.default_rng(2)
    for layer in affines(student):
        layer.set_weights([random.normal(0, 0.1, rows.shape) for rows in layer.get_weights()])
    photos = random.uniform(-1, 1, (2, 24, 24, 3)).astype("float32")
    old, new = (np.array([row] * 2, "float32") for row in ((0.3, 0.7), (0.3, 0.7, 0)))
    before, after = np.asarray(student([photos, old])), np.asarray(with_one_more(student)([photos, new]))
    assert np.array_equal(before, after)
    assert np.allclose(np.clip(unclipped(student)([photos, old]), -1, 1), before)
