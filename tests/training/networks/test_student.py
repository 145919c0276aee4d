from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.student import DepthToSpace, SpaceToDepth, StyleAffine, build_student
from facetoon.training.recipes.parts import StudentRecipe


def test_depth_and_space_are_each_others_reverse():
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype("float32")
    folded = SpaceToDepth()(x)
    assert folded.shape == (2, 4, 4, 12)
    assert np.array_equal(DepthToSpace()(folded), x)


def test_a_students_answer_lies_in_range_and_has_the_inputs_shape():
    student = build_student(32, StudentRecipe(16, 32, 2))
    out = np.asarray(student(np.random.default_rng(1).uniform(-1, 1, (2, 32, 32, 3)).astype("float32") * 50))
    assert out.shape == (2, 32, 32, 3)
    assert np.abs(out).max() <= 1


@pytest.mark.parametrize("sizes", [(30, 16, 32), (32, 8, 32), (32, 16, 40)])
def test_sizes_that_int8_kernels_would_pad_are_refused(sizes):
    with pytest.raises(InputError, match="multiple of 4 and the filters of 16"):
        build_student(sizes[0], StudentRecipe(*sizes[1:], blocks=1))


def faces(count=4):
    return np.random.default_rng(2).uniform(-0.5, 0.5, (count, 32, 32, 3)).astype("float32")


def test_gains_and_shifts_are_linear_in_the_style():
    layer = StyleAffine()
    x, random = faces(), np.random.default_rng(3)
    layer.build([x.shape, (None, 2)])
    layer.set_weights([random.normal(size=(2, 3)), random.normal(size=(2, 3))])
    red, mixed, blue = (np.asarray(layer([x, np.array([[s, 1 - s]] * 4, "float32")])) for s in (1, 0.3, 0))
    assert np.allclose(mixed, 0.3 * red + 0.7 * blue, atol=1e-5)
