"""toon-train encoder and score, on drawn heads and with the tiny committed models."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from edge_runtime.errors import InputError
from training import data, encoder, scoring
from training.__main__ import main
from training.config import Data, Recipe

TINY = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    """Pink and blue heads, 120 of each: enough for a test share that can be scored."""
    random = np.random.default_rng(5)
    root = tmp_path_factory.mktemp("heads")
    for domain, colour in (("photos", (150, 170, 230)), ("cartoons", (230, 160, 120))):
        (root / domain).mkdir()
        for number in range(120):
            image = np.full((48, 48, 3), random.integers(0, 256, 3), np.uint8)
            x, y = np.array([24, 26]) + random.integers(-3, 4, 2)
            cv2.ellipse(image, (int(x), int(y)), (14, 18), 0, 0, 360, colour, -1, cv2.LINE_AA)
            cv2.imwrite(str(root / domain / f"{number:03d}.png"), image)
    return root


@pytest.fixture(scope="module")
def trained(heads, tmp_path_factory):
    run = tmp_path_factory.mktemp("encoder") / "run"
    sets = ["data.size_px=32", "batch_size=8", "steps=150", "encoder.filters=8", "encoder.features=16"]
    sets += ["data.test_share=0.3", "checkpoint_every=150", "sample_every=150"]
    given = [part for value in sets for part in ("--set", value)]
    pictures = [str(heads / "photos"), str(heads / "cartoons")]
    assert main(["encoder", "--pictures", *pictures, "--run", str(run), *given]) == 0
    return run


def test_the_encoder_tells_its_sources_apart(trained):
    last = json.loads((trained / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["test_error"] < 0.2
    encode = encoder.open_encoder(trained / "encoder.keras")
    assert encode(np.zeros((3, 64, 64, 3), np.uint8)).shape == (3, 16)


def test_the_packaged_encoder_opens():
    assert encoder.open_encoder()(np.zeros((2, 64, 64, 3), np.uint8)).shape == (2, 128)


def score(heads, trained, *more):
    pictures = ["--photos", str(heads / "photos"), "--cartoons", str(heads / "cartoons")]
    sets = ["--set", "data.test_share=0.5", "--encoder", str(trained / "encoder.keras")]
    return main(["score", *pictures, *sets, *more])


def test_a_model_that_swaps_red_and_blue_scores_nearer_than_none(heads, trained, tmp_path, capsys):
    """The tiny model exchanges red and blue, which is all that sets the two kinds of heads apart."""
    assert score(heads, trained, str(TINY / "tiny-32.tflite"), str(TINY / "tiny-32.onnx"), "--out", str(tmp_path)) == 0
    told = json.loads((tmp_path / "scores.json").read_text())
    assert [Path(one["name"]).name for one in told] == ["tiny-32.tflite", "tiny-32.onnx"]
    for one in told:
        assert one["kid"]["normalized"] < 0.8
        assert one["kid"]["interval"][0] <= one["kid"]["value"] <= one["kid"]["interval"][1]
        assert one["cycle_levels"] is None
    assert cv2.imread(str(tmp_path / "sheet-2.png")).shape == (8 * 32, 2 * 32, 3)
    assert capsys.readouterr().out.count("| KID |") == 2


def test_a_run_of_both_directions_is_judged_there_and_back(heads, trained, drawn, small, tmp_path):
    run = tmp_path / "run"
    given = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons"), "--run", str(run)]
    assert main(["cyclegan", *given, *small, "--set", "steps=1"]) == 0
    assert score(heads, trained, str(run), "--out", str(tmp_path)) == 0
    (told,) = json.loads((tmp_path / "scores.json").read_text())
    assert told["cycle_levels"] > 0
    assert cv2.imread(str(tmp_path / "sheet-1.png")).shape == (8 * 16, 3 * 16, 3)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["nowhere.tflite"], "nowhere.tflite"),
        ([str(TINY / "tiny-32.tflite"), "--style", "anime"], "has no styles to choose from"),
        ([str(TINY / "tiny-32-styles.tflite")], "choose one with --style"),
        ([str(TINY / "tiny-32.tflite"), "--set", "data.test_share=0.05"], "too few to score"),
        ([str(TINY / "tiny-32.tflite"), "--encoder", str(TINY / "make_tiny.py")], "is not an encoder"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(heads, trained, capsys, more, sentence):
    assert score(heads, trained, *more) == 2
    assert sentence in capsys.readouterr().err


def test_an_encoder_of_one_source_is_refused(heads, tmp_path, capsys):
    assert main(["encoder", "--pictures", str(heads / "photos"), "--run", str(tmp_path / "run")]) == 2
    assert "at least two" in capsys.readouterr().err


def test_centre_crops_are_the_mean_of_the_random_ones():
    image = np.zeros((1, 40, 40, 3), np.uint8)
    image[:, 4:36, 4:36] = 255  # the middle 0.8 of it
    crop = data.centre_crops(image, "cartoons", Recipe(data=Data(cartoon_zoom=(0.7, 0.9))), 32)
    assert crop.min() > 100
    lower = data.centre_crops(image, "cartoons", Recipe(data=Data(cartoon_zoom=(0.8, 0.8), cartoon_centre_y=0.6)), 32)
    assert lower[0, 0].min() == 255
    assert lower[0, -1].max() < 100


def test_a_folder_is_no_generator(tmp_path):
    with pytest.raises(InputError, match="holds no generator"):
        scoring.open_translator(tmp_path, "ab")
