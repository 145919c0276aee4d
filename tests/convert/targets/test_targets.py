from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

import keras

from facetoon.convert.__main__ import main
from facetoon.convert.formats.bake import batch_of_one
from facetoon.convert.formats.npu_ready import with_convolutions
from facetoon.convert.formats.quantization import RECIPES
from facetoon.convert.formats.to_tflite import to_tflite
from facetoon.convert.inspection import placement
from facetoon.convert.sources.samples import Sample, spread_styles
from facetoon.convert.targets.ethos_u import CONFIGURATIONS
from facetoon.convert.targets.targets import place
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL, model_file
from facetoon.edge_runtime.spec import read_model
from facetoon.training.networks.deep_student import build_deep_student, build_student_of
from facetoon.training.networks.student import build_student
from facetoon.training.recipes.parts import StudentRecipe
from facetoon.training.recipes.recipe import load_recipe

PLAIN_MODEL = model_file("styles-128")
TINY = Path(__file__).parents[2] / "data"
NARROW = StudentRecipe(stem_filters=16, middle_filters=16, filters=16, blocks=1)
NEEDS_VELA = pytest.mark.skipif(not importlib.util.find_spec("ethosu"), reason="needs pip install 'facetoon[npu]'")


@pytest.mark.parametrize("build", [build_student, build_deep_student])
def test_convolutions_draw_exactly_the_same(build):
    keras.utils.set_random_seed(1)
    student = build(32, NARROW, styles=2)
    random = np.random.default_rng(1)
    inputs = [random.uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32), np.float32([[1, 0], [0.3, 0.7]])]
    ready = with_convolutions(student)
    assert not {"SpaceToDepth", "DepthToSpace"} & {type(layer).__name__ for layer in ready.layers}
    np.testing.assert_array_equal(np.asarray(ready(inputs)), np.asarray(student(inputs)))


def sample(size_px: int, styles: int) -> Sample:
    images = np.random.default_rng(1).integers(0, 256, (2, size_px, size_px, 3), np.uint8)
    return Sample(images, "0" * 64, spread_styles(2, styles, 1))


@pytest.mark.slow
def test_nothing_of_the_deep_student_is_left_to_the_cpu():
    """The shape of the recipe styles_256, untrained, with live styles: on every neural processor."""
    pytest.importorskip("ethosu", reason="needs pip install 'facetoon[npu]'")
    recipe = load_recipe("styles_256")
    keras.utils.set_random_seed(1)
    network = with_convolutions(build_student_of(recipe, styles=3))
    model = to_tflite(batch_of_one(network), RECIPES["static_wi8_ai8"], sample(recipe.data.size_px, 3))
    for target in ("ethos-u55", "ethos-u65", "edgetpu"):
        placed = place(model, target, "the student")
        assert not placed.left, target
        print(placed.note)


@NEEDS_VELA
def test_vela_names_what_it_leaves_and_estimates_the_rest(capsys):
    assert main(["inspect", str(PLAIN_MODEL), "--target", "ethos-u55"]) == 0
    text = capsys.readouterr().out
    assert "left: 1 x SpaceToDepth, 1 x DepthToSpace." in text
    assert "million cycles on ethos-u55-128" in text
    placed = placement(PLAIN_MODEL, "ethos-u55")
    assert sum(op.cycles for op in placed.operators) > 5e6


def test_the_edge_tpu_stops_at_the_first_unknown_operator():
    placed = place(read_model(PLAIN_MODEL)[0], "edgetpu", "the model").operators
    assert [op.where for op in placed] == ["Edge TPU"] * (len(placed) - 1) + ["CPU"]
    assert placed[-1].operator == "DEPTH_TO_SPACE"


def test_xnnpack_takes_the_shipped_model():
    placed = placement(DEFAULT_MODEL, "xnnpack")
    assert len(placed.operators) > 70
    assert not placed.left


def test_what_cannot_be_placed_is_said(capfd, monkeypatch):
    assert main(["inspect", str(TINY / "tiny-32.onnx"), "--target", "xnnpack"]) == 2
    assert "is no .tflite: --target xnnpack places only operators of TFLite" in capfd.readouterr().err
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert main(["inspect", str(TINY / "tiny-32.tflite"), "--target", "ethos-u55"]) == 2
    assert "ethosu is missing: pip install 'facetoon[npu]' brings it" in capfd.readouterr().err


@NEEDS_VELA
def test_a_model_that_vela_refuses_is_one_sentence(tmp_path, capfd, monkeypatch):
    monkeypatch.setitem(CONFIGURATIONS, "ethos-u55", "none")
    assert main(["inspect", str(TINY / "tiny-32.tflite"), "--target", "ethos-u55"]) == 2
    printed = capfd.readouterr().err
    assert "Vela refuses" in printed
    assert printed.count("\n") == 1
