"""toon-train encoder and score, on drawn heads and with the tiny committed models."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.training.__main__ import main
from facetoon.training.pictures import batches
from facetoon.training.pictures.images import load_split
from facetoon.training.recipes.parts import DataRecipe, PairsRecipe
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.score import distances, translator
from facetoon.training.trainers import encoder

TINY = Path(__file__).parents[2] / "data"


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
    assert cv2.imread(str(tmp_path / "sheet-2.png")).shape == (8 * 32, 2 * 2 * 32, 3)
    assert capsys.readouterr().out.count("| KID |") == 2


def test_a_run_of_both_directions_is_judged_there_and_back(heads, trained, drawn, small, tmp_path):
    run = tmp_path / "run"
    given = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons"), "--run", str(run)]
    assert main(["cyclegan", *given, *small, "--set", "steps=1"]) == 0
    assert score(heads, trained, str(run)) == 0  # the run's own recipe, and its own folder
    (told,) = json.loads((run / "scores" / "scores.json").read_text())
    assert told["cycle_levels"] > 0
    assert cv2.imread(str(run / "scores" / "sheet-1.png")).shape == (8 * 16, 2 * 3 * 16, 3)


def test_pictures_made_elsewhere_are_judged_beside_a_model(heads, trained, tmp_path, capsys):
    """The cartoons themselves as fakes are at the floor, the photographs at the ceiling."""
    fakes = ["--fakes", str(heads / "cartoons"), str(heads / "photos"), "--set", "data.size_px=32"]
    framing = ["--set", "data.cartoon_zoom=[1.0, 1.0]", "--set", "data.photo_zoom=[1.0, 1.0]"]
    framing += ["--set", "data.cartoon_centre_y=0.5"]
    assert score(heads, trained, str(TINY / "tiny-32.tflite"), *fakes, *framing, "--out", str(tmp_path)) == 0
    _, best, worst = json.loads((tmp_path / "scores.json").read_text())
    assert abs(best["kid"]["normalized"]) < 0.1
    assert worst["kid"]["normalized"] > 0.7
    assert worst["shift_levels"] is worst["cycle_levels"] is None
    assert "That is few" in capsys.readouterr().out


def test_a_model_with_styles_is_judged_in_the_style_asked_for(heads, trained, tmp_path):
    for style in ("plain", "inverted"):
        styled = [str(TINY / "tiny-32-styles.tflite"), "--style", style, "--out", str(tmp_path / style)]
        assert score(heads, trained, *styled) == 0
    plain, inverted = (json.loads((tmp_path / style / "scores.json").read_text())[0] for style in ("plain", "inverted"))
    assert plain["kid"]["value"] == pytest.approx(plain["kid"]["ceiling"], rel=0.1)  # the photographs as they are
    assert inverted["kid"]["value"] != pytest.approx(inverted["kid"]["ceiling"], rel=0.1)


def test_a_dry_run_counts_and_writes_nothing(heads, trained, tmp_path, capsys):
    out = tmp_path / "out"
    assert score(heads, trained, str(TINY / "tiny-32.tflite"), "--out", str(out), "--dry-run") == 0
    assert "targets at 32 px" in capsys.readouterr().out
    assert not out.exists()


def test_the_packaged_encoder_ranks_damage():
    """Blur, JPEG, a colour cast and the other domain: each the further, the more of it."""
    random = np.random.default_rng(0)
    noise = [cv2.GaussianBlur(random.normal(size=(64, 64, 3)), (0, 0), s) * s for s in (1, 3, 8)]

    def picture(colour):
        image = np.clip(128 + 150 * sum(np.roll(n, random.integers(64, size=2), (0, 1)) for n in noise), 0, 255)
        image = image.astype(np.uint8)
        x, y = (int(v) for v in 32 + random.integers(-4, 5, 2))
        cv2.ellipse(image, (x, y), (18, 24), 0, 0, 360, colour, -1, cv2.LINE_AA)
        for side in (-8, 8):
            cv2.circle(image, (x + side, y - 4), 4, (20, 20, 20), -1, cv2.LINE_AA)
        return image

    targets, fakes, others = (
        np.stack([picture(colour) for _ in range(48)]) for colour in ((240, 200, 190), (240, 200, 190), (90, 160, 90))
    )
    encode = encoder.open_encoder()
    real = encode(targets)

    def blurred(sigma):
        return [cv2.GaussianBlur(image, (0, 0), sigma) for image in fakes]

    def squeezed(quality_percent):
        flag = (cv2.IMWRITE_JPEG_QUALITY, quality_percent)
        return [cv2.imdecode(cv2.imencode(".jpg", image, flag)[1], cv2.IMREAD_COLOR) for image in fakes]

    def tinted(share):
        return np.clip(fakes * np.array([1 + share, 1, 1 - share]), 0, 255).astype(np.uint8)

    def swapped(count):
        return np.concatenate([others[:count], fakes[count:]])

    for damage, amounts in ((blurred, (0.6, 1, 2)), (squeezed, (60, 20, 5)), (tinted, (0.08, 0.2, 0.4))):
        ladder = [distances.kid(encode(x), real) for x in (fakes, *(np.stack(damage(a)) for a in amounts))]
        assert ladder == sorted(ladder), damage.__name__
    ladder = [distances.kid(encode(swapped(count)), real) for count in (0, 12, 24, 48)]
    assert ladder == sorted(ladder)


def test_an_onnx_encoder_sees_what_the_keras_one_sees(trained, tmp_path):
    tf2onnx = pytest.importorskip("tf2onnx")
    import tensorflow as tf
    from keras.saving import load_model

    model = load_model(trained / "encoder.keras")
    call = tf.function(lambda x: model(x, training=False))
    signature = [tf.TensorSpec((None, 32, 32, 3), tf.float32, name="image")]
    for name, first in (("last", None), ("first", ["image"])):
        path = tmp_path / f"{name}.onnx"
        tf2onnx.convert.from_function(call, signature, opset=17, inputs_as_nchw=first, output_path=str(path))
    pictures = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3), np.uint8)
    wanted = encoder.open_encoder(trained / "encoder.keras")(pictures)
    for name in ("last", "first"):
        np.testing.assert_allclose(encoder.open_encoder(tmp_path / f"{name}.onnx")(pictures), wanted, atol=1e-4)


@pytest.mark.shared_data
def test_the_packaged_encoder_ranks_damage_of_real_cartoons(shared_data):
    _, test = load_split([str(shared_data / "anime128.zip")], 64, 0.2)
    half, rest = test.images[:300], test.images[300:600]
    encode = encoder.open_encoder()
    real = encode(rest)
    blurred = [np.stack([cv2.GaussianBlur(image, (0, 0), sigma) for image in half]) for sigma in (0.5, 0.8, 1.2, 2)]
    ladder = [distances.kid(encode(pictures), real) for pictures in (half, *blurred)]
    assert ladder == sorted(ladder)


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
def test_what_cannot_be_scored_is_one_sentence(heads, trained, capsys, more, sentence):
    assert score(heads, trained, *more) == 2
    assert sentence in capsys.readouterr().err


def test_the_views_of_a_picture_are_the_same_for_the_same_step(heads):
    images = load_split([str(heads / "photos"), str(heads / "cartoons")], 40, 0.3)[0]
    recipe = Recipe(data=DataRecipe(size_px=32), batch_size=6)
    views = batches.batch_at(3, {"pictures": images}, recipe)
    assert [view.shape for view in views] == [(6, 32, 32, 3)] * 3 + [(6,)]
    for view, again in zip(views, batches.batch_at(3, {"pictures": images}, recipe), strict=True):
        np.testing.assert_array_equal(view, again)
    halves = [batches.batch_at(3, {"pictures": images}, recipe, (worker, 2)) for worker in (0, 1)]
    for view, *parts in zip(views, *halves, strict=True):
        np.testing.assert_array_equal(view, np.concatenate(parts))
    first, second, bent = (np.asarray(view) for view in views[:3])
    assert 0.01 < np.abs(first - bent).mean() < np.abs(first - second).mean()


def test_an_encoder_of_an_odd_size_is_refused(heads, tmp_path, capsys):
    pictures = ["--pictures", str(heads / "photos"), str(heads / "cartoons"), "--run", str(tmp_path / "run")]
    assert main(["encoder", *pictures, "--set", "data.size_px=48"]) == 2
    assert "multiple of 32 px" in capsys.readouterr().err


def test_an_encoder_of_one_source_is_refused(heads, tmp_path, capsys):
    assert main(["encoder", "--pictures", str(heads / "photos"), "--run", str(tmp_path / "run")]) == 2
    assert "at least two" in capsys.readouterr().err


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


def test_a_folder_is_no_generator(tmp_path):
    with pytest.raises(InputError, match="holds no generator"):
        translator.open_translator(tmp_path, "ab")


def test_style_transfer_is_compared_with_models_on_the_same_photographs(heads, trained, vgg_file, tmp_path, capsys):
    style = str(next((heads / "cartoons").iterdir()))
    given = ["--baseline", style, "--vgg-weights", str(vgg_file), "--out", str(tmp_path), "--set", "data.size_px=32"]
    assert score(heads, trained, str(TINY / "tiny-32.tflite"), *given) == 0
    told = json.loads((tmp_path / "baseline.json").read_text())
    assert [Path(one["name"]).name for one in told] == ["style transfer", "tiny-32.tflite"]
    assert told[0]["style"] < told[1]["style"]  # it has the style's textures, and the colour swap has not
    assert all(one["seconds"] > 0 and one["content"] > 0 for one in told)
    assert cv2.imread(str(tmp_path / "baseline.png")).shape == (8 * 32, 2 * 3 * 32, 3)
    assert "| style transfer |" in capsys.readouterr().out


def test_a_baseline_needs_a_model(heads, trained, capsys):
    assert score(heads, trained, "--fakes", str(heads / "photos"), "--baseline", "a.png") == 2
    assert "give at least one" in capsys.readouterr().err
