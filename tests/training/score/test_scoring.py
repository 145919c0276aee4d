"""toon-train score on drawn heads and with the tiny committed models."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.__main__ import main
from facetoon.training.pictures import batches
from facetoon.training.recipes.parts import DataRecipe, PairsRecipe
from facetoon.training.recipes.recipe import Recipe

TINY = Path(__file__).parents[2] / "data"


def score(heads, encoder_run, *more):
    pictures = ["--photos", str(heads / "photos"), "--cartoons", str(heads / "cartoons")]
    sets = ["--set", "data.test_share=0.5", "--encoder", str(encoder_run / "encoder.keras")]
    return main(["score", *pictures, *sets, *more])


def test_a_model_that_swaps_red_and_blue_scores_nearer_than_none(heads, encoder_run, tmp_path, capsys):
    """The tiny model exchanges red and blue, the only difference between the two kinds of heads."""
    assert (
        score(heads, encoder_run, str(TINY / "tiny-32.tflite"), str(TINY / "tiny-32.onnx"), "--out", str(tmp_path)) == 0
    )
    told = json.loads((tmp_path / "scores.json").read_text())
    assert [Path(one["name"]).name for one in told] == ["tiny-32.tflite", "tiny-32.onnx"]
    for one in told:
        assert one["kid"]["normalized"] < 0.8
        assert one["kid"]["interval"][0] <= one["kid"]["value"] <= one["kid"]["interval"][1]
        assert one["cycle_levels"] is None
    assert cv2.imread(str(tmp_path / "sheet-2.png")).shape == (8 * 32, 2 * 2 * 32, 3)
    assert capsys.readouterr().out.count("| KID |") == 2


def test_a_run_of_both_directions_is_judged_there_and_back(heads, encoder_run, drawn, small, tmp_path):
    run = tmp_path / "run"
    given = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons"), "--run", str(run)]
    assert main(["cyclegan", *given, *small, "--set", "steps=1"]) == 0
    assert score(heads, encoder_run, str(run)) == 0  # the run's own recipe, and its own folder
    (told,) = json.loads((run / "scores" / "scores.json").read_text())
    assert told["cycle_levels"] > 0
    assert cv2.imread(str(run / "scores" / "sheet-1.png")).shape == (8 * 16, 2 * 3 * 16, 3)


def test_pictures_made_elsewhere_are_judged_beside_a_model(heads, encoder_run, tmp_path, capsys):
    """The cartoons themselves as fakes are at the floor, the photographs at the ceiling."""
    fakes = ["--fakes", str(heads / "cartoons"), str(heads / "photos"), "--set", "data.size_px=32"]
    framing = ["--set", "data.cartoon_zoom=[1.0, 1.0]", "--set", "data.photo_zoom=[1.0, 1.0]"]
    framing += ["--set", "data.cartoon_centre_y=0.5"]
    assert score(heads, encoder_run, str(TINY / "tiny-32.tflite"), *fakes, *framing, "--out", str(tmp_path)) == 0
    _, best, worst = json.loads((tmp_path / "scores.json").read_text())
    assert abs(best["kid"]["normalized"]) < 0.1
    assert worst["kid"]["normalized"] > 0.7
    assert worst["shift_levels"] is worst["cycle_levels"] is None
    assert "These are few pictures" in capsys.readouterr().out


def test_a_model_with_styles_is_judged_in_the_style_asked_for(heads, encoder_run, tmp_path):
    for style in ("plain", "inverted"):
        styled = [str(TINY / "tiny-32-styles.tflite"), "--style", style, "--out", str(tmp_path / style)]
        assert score(heads, encoder_run, *styled) == 0
    plain, inverted = (json.loads((tmp_path / style / "scores.json").read_text())[0] for style in ("plain", "inverted"))
    assert plain["kid"]["value"] == pytest.approx(plain["kid"]["ceiling"], rel=0.1)  # the photographs as they are
    assert inverted["kid"]["value"] != pytest.approx(inverted["kid"]["ceiling"], rel=0.1)


def test_a_dry_run_counts_and_writes_nothing(heads, encoder_run, tmp_path, capsys):
    out = tmp_path / "out"
    assert score(heads, encoder_run, str(TINY / "tiny-32.tflite"), "--out", str(out), "--dry-run") == 0
    assert "targets at 32 px" in capsys.readouterr().out
    assert not out.exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ([], "Give a run directory or model file"),
        ([str(TINY / "tiny-32.tflite"), "--encoder", str(TINY / "tiny-32.onnx")], "an encoder"),
        (["nowhere.tflite"], "nowhere.tflite"),
        ([str(TINY / "tiny-32.tflite"), "--style", "anime"], "has no styles to choose from"),
        ([str(TINY / "tiny-32-styles.tflite")], "choose one with --style"),
        ([str(TINY / "tiny-32.tflite"), "--set", "data.test_share=0.05"], "too few to score"),
        ([str(TINY / "tiny-32.tflite"), "--encoder", str(TINY / "make_tiny.py")], "is not an encoder"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(heads, encoder_run, capsys, more, sentence):
    assert score(heads, encoder_run, *more) == 2
    assert sentence in capsys.readouterr().err


def test_centre_crops_are_the_mean_of_the_random_ones():
    image = np.zeros((1, 40, 40, 3), np.uint8)
    image[:, 4:36, 4:36] = 255  # the middle 0.8 of it
    crop = batches.centre_crops(image, "cartoons", Recipe(data=DataRecipe(cartoon_zoom=(0.7, 0.9))), 32)
    assert crop.min() > 100
    lower = batches.centre_crops(
        image, "cartoons", Recipe(data=DataRecipe(cartoon_zoom=(0.8, 0.8), cartoon_centre_y=0.6)), 32
    )
    assert lower[0, 0].min() == 255
    assert lower[0, -1].max() < 100
    pair = batches.centre_crops(image, "pairs", Recipe(pairs=PairsRecipe(zoom=(0.6, 0.8))), 32)
    assert pair.min() > 100


def test_style_transfer_is_compared_with_models_on_the_same_photographs(heads, encoder_run, vgg_file, tmp_path, capsys):
    style = str(next((heads / "cartoons").iterdir()))
    given = ["--baseline", style, "--vgg-weights", str(vgg_file), "--out", str(tmp_path), "--set", "data.size_px=32"]
    assert score(heads, encoder_run, str(TINY / "tiny-32.tflite"), *given) == 0
    told = json.loads((tmp_path / "baseline.json").read_text())
    assert [Path(one["name"]).name for one in told] == ["style transfer", "tiny-32.tflite"]
    assert told[0]["style"] < told[1]["style"]  # it has the style's textures, and the colour swap has not
    assert all(one["seconds"] > 0 and one["content"] > 0 for one in told)
    assert cv2.imread(str(tmp_path / "baseline.png")).shape == (8 * 32, 2 * 3 * 32, 3)
    assert "| style transfer |" in capsys.readouterr().out


def test_a_baseline_needs_a_model(heads, encoder_run, capsys):
    assert score(heads, encoder_run, "--fakes", str(heads / "photos"), "--baseline", "a.png") == 2
    assert "give at least one" in capsys.readouterr().err
