from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

import keras
from keras import layers

from facetoon.convert.__main__ import main
from facetoon.convert.formats.bake import batch_of_one
from facetoon.convert.formats.quantization import RECIPES
from facetoon.convert.formats.to_tflite import to_tflite
from facetoon.convert.improve.channel_statistics import match_statistics
from facetoon.convert.improve.equalization import equalize
from facetoon.convert.improve.finetune import with_fake_quantization
from facetoon.convert.improve.fold import fold
from facetoon.convert.improve.improvements import improve
from facetoon.convert.improve.layer_values import as_called, model_inputs, some, watch
from facetoon.convert.improve.residual import equalize_sums
from facetoon.convert.improve.rounding import int8_kernels
from facetoon.convert.judge.comparison import file_pictures, float_pictures, score
from facetoon.convert.sources.samples import Sample, spread_styles
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import read_model, write_model
from facetoon.training.networks.deep_student import build_deep_student
from facetoon.training.networks.student import build_student
from facetoon.training.recipes.parts import StudentRecipe

SIZE_PX = 32
STYLE = np.array([0.6, 0.4], np.float32)


PLAIN = StudentRecipe(stem_filters=16, filters=16, blocks=1, style_every=1)
DEEP = replace(PLAIN, kind="deep", middle_filters=16, blocks=2, matte=True)


def student(styles: int = 0, kind: StudentRecipe = PLAIN) -> keras.Model:
    """Weights, statistics, gains and shifts as if trained, with channels that differ tenfold."""
    keras.utils.set_random_seed(4)
    model = (build_deep_student if kind is DEEP else build_student)(SIZE_PX, kind, styles)
    random = np.random.default_rng(4)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            channels = layer.gamma.shape[0]
            spread = random.permutation(np.geomspace(0.2, 2, channels))
            shift, mean = random.normal(0, 0.3, (2, channels))
            layer.set_weights([spread, shift, mean, np.full(channels, 0.5)])
        elif type(layer).__name__ == "StyleAffine":
            layer.set_weights([random.normal(0, 0.3, value.shape).astype(np.float32) for value in layer.get_weights()])
    return model


def sample(styles: int = 0, count: int = 12) -> Sample:
    random = np.random.default_rng(2)
    images = random.integers(0, 256, (count, SIZE_PX // 4, SIZE_PX // 4, 3), np.uint8).repeat(4, 1).repeat(4, 2)
    return Sample(images, "0" * 64, np.tile(STYLE, (count, 1)) if styles else np.zeros((0, 0), np.float32))


def draw(model: keras.Model, given: Sample) -> np.ndarray:
    return np.asarray(model(as_called(model_inputs(model, given)), training=False))


def operators(model: keras.Model, given: Sample, style: np.ndarray | None = None) -> Counter[str]:
    return operators_of(to_tflite(batch_of_one(model, style), RECIPES["static_wi8_ai8"], given))


def operators_of(file: bytes) -> Counter[str]:
    listed = open_interpreter(file, "the model", "litert", threads=1)[0]._get_ops_details()
    return Counter(op["op_name"] for op in listed if op["op_name"] != "DELEGATE")


@pytest.mark.parametrize("styles", [0, 2])
def test_folding_keeps_the_pictures_and_the_generator(styles):
    model, given = student(styles), sample(styles)
    before = [np.array(value) for value in model.get_weights()]
    folded = fold(model, STYLE if styles else None)
    np.testing.assert_allclose(draw(folded.model, given), draw(model, given), atol=1e-4)
    kinds = {type(layer).__name__ for layer in folded.model.layers}
    assert not kinds & {"BatchNormalization", "StyleAffine"}
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_style_that_stays_live_is_not_folded():
    folded = fold(student(2))
    assert {"StyleAffine"} <= {type(layer).__name__ for layer in folded.model.layers}
    np.testing.assert_allclose(draw(folded.model, sample(2)), draw(student(2), sample(2)), atol=1e-4)


@pytest.fixture(scope="module")
def plain_operators():
    """Of a student that never had a style."""
    return operators(student(), sample())


def test_conditioning_keeps_the_pictures_of_every_mix_and_serves_int8(tiny_model, tmp_path):
    """Random gains and shifts, so that much of their input is clipped after them."""
    model, given = student(2), replace(sample(2), styles=spread_styles(12, 2, 1))
    conditioned = improve(model, [], given, None, 0, 1)
    np.testing.assert_allclose(draw(conditioned, given), draw(model, given), atol=1e-4)
    expected, psnrs_db, kinds = float_pictures(model, given.images, given.styles), [], []
    for network in (model, conditioned):
        file = to_tflite(batch_of_one(network), RECIPES["static_wi8_ai8"], given)
        write_model(tmp_path / "toon.tflite", file, replace(read_model(tiny_model)[1], styles=("anime", "comic")))
        made = file_pictures(open_session(tmp_path / "toon.tflite"), given.images, given.styles)
        psnrs_db.append(score(given.images, expected, made).scores.psnr_mean_db)
        kinds.append(operators_of(file))
    assert psnrs_db[1] > psnrs_db[0]
    assert kinds[1] == kinds[0]


@pytest.mark.parametrize("improved", [False, True])
def test_a_baked_style_costs_nothing(plain_operators, improved):
    """The file has the operators of a student that never had a style."""
    model, given = student(2), sample(2)
    if improved:
        model = improve(model, ["bias"], given, STYLE, 0, 1)
    assert operators(model, given, STYLE) == plain_operators


def test_equalizing_keeps_the_function_and_evens_the_channels():
    folded, given = fold(student()), sample()
    before, inputs = draw(folded.model, given), model_inputs(folded.model, given)
    depthwise = next(c for c in folded.convolutions if isinstance(c, layers.DepthwiseConv2D))
    ratios: list[float] = []

    def note(op: object, values: np.ndarray) -> np.ndarray:
        if op is depthwise:
            spans = np.abs(values).max((0, 1, 2))
            ratios.append(spans.max() / spans.min())
        return values

    watch(folded.model, inputs, note)
    equalize(folded, inputs)
    watch(folded.model, inputs, note)
    np.testing.assert_allclose(draw(folded.model, given), before, atol=1e-4)
    assert ratios[1] < 0.7 * ratios[0]


def test_residual_sums_are_evened_over_their_channels():
    folded, given = fold(student()), sample()
    before, inputs = draw(folded.model, given), model_inputs(folded.model, given)
    highest: list[np.ndarray] = []

    def note(op: object, values: np.ndarray) -> np.ndarray:
        if type(op).__name__ == "Add":
            highest.append(np.abs(values).max((0, 1, 2)))
        return values

    watch(folded.model, inputs, note)
    evened = equalize_sums(folded, inputs)
    watch(evened.model, inputs, note)
    np.testing.assert_allclose(draw(evened.model, given), before, atol=1e-4)
    spreads = [values.max() / values.min() for values in highest]
    assert spreads[1] < 0.7 * spreads[0]


def test_every_method_keeps_what_a_deep_student_draws():
    """All but fine-tuning compute the same function; its skips get no operator each."""
    model, given = student(2, DEEP), replace(sample(2), styles=spread_styles(12, 2, 1))
    folded = fold(model)
    improved = improve(model, ["equalize"], given, None, 0, 1)
    assert draw(improved, given).shape == (12, SIZE_PX, SIZE_PX, 4)
    np.testing.assert_allclose(draw(improved, given), draw(model, given), atol=1e-4)
    names = {layer.name for layer in improved.layers if layer.name.endswith("_evened")}
    assert len(names) == 1  # where the blocks' sum begins
    assert len(folded.convolutions) == len(folded.normalized) + 1  # all but the last
    before, after = (operators(network, given) for network in (model, improved))
    assert after - before == Counter({"DEPTHWISE_CONV_2D": 1})
    assert not before - after


def test_fine_tuning_brings_a_deep_student_nearer_with_its_matte():
    model, given = student(0, DEEP), sample()
    expected = draw(model, given)

    def errors(network: keras.Model) -> np.ndarray:
        folded = fold(network)
        rounded = with_fake_quantization(folded, model_inputs(folded.model, given))
        return np.mean((draw(rounded, given) - expected) ** 2, (0, 1, 2))

    improved = improve(model, ["equalize", "bn", "bias", "qat"], given, None, qat_steps=20, seed=1)
    assert errors(improved)[:3].mean() < errors(model)[:3].mean()
    assert errors(improved)[3] < errors(model)[3]


@pytest.mark.parametrize("variance", [False, True])
def test_statistics_of_rounded_weights_become_those_of_float(variance):
    folded, given = fold(student()), sample()
    last = keras.Model(folded.model.input, folded.convolutions[-1].output)
    inputs = model_inputs(folded.model, given)
    exact = draw(last, given).mean((0, 1, 2))

    def off() -> float:
        with int8_kernels(folded.convolutions):
            return float(np.abs(draw(last, given).mean((0, 1, 2)) - exact).max())

    before = off()
    match_statistics(folded, inputs, folded.convolutions, variance)
    assert off() < before / 10


def test_fine_tuning_brings_the_rounded_network_nearer_and_twice_the_same():
    model, given = student(), sample()
    expected = draw(model, given)

    def error(network: keras.Model) -> float:
        folded = fold(network)
        rounded = with_fake_quantization(folded, model_inputs(folded.model, given))
        return float(np.mean((draw(rounded, given) - expected) ** 2))

    first, second = (improve(model, ["qat"], given, None, qat_steps=20, seed=1) for _ in range(2))
    assert error(first) < 0.9 * error(model)
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


def test_the_best_of_what_was_tried_is_kept_and_each_is_shown(run, few, tmp_path, capfd):
    out, recipe = tmp_path / "toon.tflite", ["--recipe", "dynamic_wi8_afp32"]
    assert main(["build", str(run), "--out", str(out), "--improve", "bias,equalize", *recipe, *few]) == 0
    tried = json.loads(out.with_suffix(".report.json").read_text())["tried"]
    plain = "dynamic_wi8_afp32"
    assert [row["way"] for row in tried] == [plain, f"{plain}+equalize", f"{plain}+equalize+bias"]
    (kept,) = (row for row in tried if row["result"] == "kept")
    assert kept["psnr_mean_db"] == max(row["psnr_mean_db"] for row in tried)
    spec = read_model(out)[1]
    assert spec.recipe == kept["way"]
    assert spec.scores["psnr_mean_db"] == kept["psnr_mean_db"]
    printed = capfd.readouterr().out
    assert all(f"| {row['way']} |" in printed for row in tried)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--improve", "magic"], "known ones are: equalize, bn, bias, qat"),
        (["--improve", "qat", "--qat-steps", "0"], "at least one step"),
    ],
)
def test_bad_improvements_are_said(run, tmp_path, capfd, arguments, sentence):
    assert main(["build", str(run), "--out", str(tmp_path / "toon.tflite"), *arguments]) == 2
    printed = capfd.readouterr().err
    assert sentence in printed
    assert printed.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_layer_used_twice_is_refused():
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    twice = layers.Conv2D(3, 3, padding="same")
    with pytest.raises(InputError, match="uses a layer twice"):
        fold(keras.Model(image, twice(twice(image))))


def test_a_network_without_convolutions_is_refused():
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    with pytest.raises(InputError, match="shows no convolution"):
        improve(keras.Model(image, layers.Activation("tanh")(image)), ["bias"], sample(), None, 0, 1)


def test_as_many_pictures_are_watched_as_memory_holds():
    counts = [len(some([np.zeros((99, side, side, 3), np.float32)])[0]) for side in (64, 160, 320)]
    assert counts == [64, 64, 16]
