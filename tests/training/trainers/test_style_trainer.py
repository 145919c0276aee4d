"""One more style for a small student with two styles and random weights, from drawn cartoons."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.convert.__main__ import main as convert
from facetoon.convert.judge.comparison import psnr_db
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.training.__main__ import main
from facetoon.training.networks import losses
from facetoon.training.networks.deep_student import build_student_of
from facetoon.training.networks.student import affines
from facetoon.training.pictures.images import load_split
from facetoon.training.recipes.parts import StudentRecipe
from facetoon.training.recipes.recipe import load_recipe
from facetoon.training.runs import run_directory
from facetoon.training.runs.checkpoint import load_generator
from facetoon.training.trainers import style_trainer

SIZE_PX, STUDENT = 16, StudentRecipe(stem_filters=16, filters=16, blocks=2)
DEEP = StudentRecipe(kind="deep", stem_filters=16, middle_filters=16, filters=16, blocks=1)

SETS = ["steps=40", "checkpoint_every=20", "sample_every=40", "batch_size=4"]
SETS += ["discriminator.filters=4", "discriminator.layers=2", "new_style.learning_rate=0.02"]


def run_of(run, recipe_name, recipe, drawn):
    """Write the run of a student that knows red and blue."""
    run.mkdir()
    keras.utils.set_random_seed(1)
    sets = [f"data.size_px={SIZE_PX}"]
    sets += [f"student.{name}={value}" for name, value in dataclasses.asdict(recipe).items() if name != "matte"]
    settings = load_recipe(recipe_name, sets)
    student, random = build_student_of(settings, 2), np.random.default_rng(1)
    for layer in affines(student):
        layer.set_weights([random.normal(0, 0.1, rows.shape) for rows in layer.get_weights()])
    _know_their_range(student, photographs(drawn))
    student.save(run / "generator_ab.keras")
    train, _ = load_split([str(drawn / "photos")], 20, 0.2)
    config = {
        "recipe": run_directory.identity(settings),
        "data": {"photos": {"train_images": len(train), "train_sha256": train.digest}},
        "styles": ["red", "blue"],
    }
    (run / "config.json").write_text(json.dumps(config))
    (run / "sources.json").write_text(json.dumps({"photos": [str(drawn / "photos")]}))
    return run


@pytest.fixture(scope="module")
def base(drawn, tmp_path_factory):
    return run_of(tmp_path_factory.mktemp("base") / "run", "styles_64", STUDENT, drawn)


@pytest.fixture(scope="module")
def deep_base(drawn, tmp_path_factory):
    """Of a deep student with a matte; blue keeps the shape."""
    run = run_of(tmp_path_factory.mktemp("deep") / "run", "styles_256", DEEP, drawn)
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "keeps_shape": ["blue"]}))
    return run


@pytest.fixture(scope="module")
def command(base, drawn, vgg_file):
    """The command line for a run directory; photographs are the student's own."""

    def arguments(run, *sets, name="mine", student=base):
        given = ["--student", str(student), "--cartoons", str(drawn / "cartoons"), "--name", name]
        options = [part for value in (*SETS, *sets) for part in ("--set", value)]
        return ["style", *given, "--vgg-weights", str(vgg_file), "--run", str(run), *options]

    return arguments


@pytest.fixture(scope="module")
def mine(command, tmp_path_factory):
    run = tmp_path_factory.mktemp("mine") / "run"
    assert main(command(run)) == 0
    return run


def _know_their_range(student, photos):
    """Batch normalization with the statistics of these pictures; otherwise a random network draws only grey."""
    normed = [layer for layer in student.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in normed:
        layer.momentum = 0.0
    student([photos, np.full((len(photos), 2), 0.5, "float32")], training=True)
    for layer in normed:
        layer.momentum = 0.99


def photographs(drawn):
    return pixels.to_unit(load_split([str(drawn / "photos")], SIZE_PX, 0.2)[0].images)


def answers(run, photos, *shares):
    style = np.tile(np.array([shares], "float32"), (len(photos), 1))
    return np.asarray(load_generator(run)([photos, style], training=False))


@pytest.mark.parametrize("shares", [(1, 0), (0, 1), (0.3, 0.7)])
def test_the_old_styles_stay_what_they_were_to_the_last_bit(base, mine, drawn, shares):
    photos = photographs(drawn)
    assert np.array_equal(answers(base, photos, *shares), answers(mine, photos, *shares, 0))
    assert not np.array_equal(answers(mine, photos, *shares, 0), answers(mine, photos, 0, 0, 1))


def test_the_new_style_comes_nearer_the_cartoons_than_any_old_one(base, command, drawn, tmp_path):
    """By colours alone: a random network has no lines to draw."""
    alone = ["style", "content", "adversarial", "edge"]
    assert main(command(tmp_path / "run", *(f"new_style.{name}_weight=0" for name in alone))) == 0
    photos = photographs(drawn)
    cartoons = pixels.to_unit(load_split([str(drawn / "cartoons")], SIZE_PX, 0.2)[0].images)[: len(photos)]
    photos = photos[: len(cartoons)]
    drawn_in = [answers(base, photos, 1, 0), answers(base, photos, 0, 1), answers(tmp_path / "run", photos, 0, 0, 1)]
    red, blue, new = (float(losses.colour_distance(x, cartoons, np.eye(3, dtype="float32"))) for x in drawn_in)
    assert new < 0.8 * min(red, blue)


def test_the_run_tells_what_it_was_made_of(mine):
    config = json.loads((mine / "config.json").read_text())
    assert config["styles"] == ["red", "blue", "mine"]
    assert {"student_sha256", "vgg_sha256"} <= config.keys()
    assert {"photos", "cartoons"} == config["data"].keys()
    lines = [json.loads(line) for line in (mine / "metrics.jsonl").read_text().splitlines()]
    told = {"style", "content", "colour", "edge", "adversarial", "critic", "test_colour", "test_style", "test_shift"}
    assert told <= lines[-1].keys()
    assert len(list((mine / "samples").iterdir())) == 1


def test_a_run_that_was_cut_off_goes_on_to_the_same_end(mine, command, tmp_path):
    shutil.copytree(mine, tmp_path / "run")
    (tmp_path / "run/checkpoints/step-00000040.npz").unlink()
    assert main(command(tmp_path / "run")) == 0
    with (
        np.load(mine / "checkpoints/step-00000040.npz") as whole,
        np.load(tmp_path / "run/checkpoints/step-00000040.npz") as resumed,
    ):
        assert "variable/0000" in whole.files
        assert whole.files == resumed.files
        assert all(np.array_equal(whole[name], resumed[name]) for name in whole.files)


def test_it_converts_bakes_and_is_one_more_slider(mine, tmp_path):
    files = [tmp_path / "live.tflite", tmp_path / "baked.tflite"]
    for file, style in zip(files, ([], ["--style", "mine:0.6,red:0.4"]), strict=True):
        few = ["--calibration-images", "4", "--test-images", "4", "--recipe", "float32"]
        assert convert(["build", str(mine), "--out", str(file), *few, *style]) == 0
    live, baked = (open_session(file) for file in files)
    assert live.styles == ("red", "blue", "mine")
    settings = LiveSettings("live", {"red": 1.0}).patched({"style": "mine:0.6,red:0.4"}, {"live": live.styles})
    assert settings.style == {"mine": 0.6, "red": 0.4}
    live.set_style([0.4, 0, 0.6])
    image = np.random.default_rng(4).integers(0, 256, (SIZE_PX, SIZE_PX, 3), np.uint8)
    assert psnr_db(live.run(image), baked.run(image)) > 50


def test_a_deep_student_learns_a_style_and_holds_its_matte(deep_base, command, drawn, tmp_path):
    """A random network draws picture and matte with the same channels, so holding one costs the other."""
    photos, moved = photographs(drawn), {}
    old = answers(deep_base, photos, 0, 1)
    for hold in (0, 100):
        run = tmp_path / f"hold-{hold}"
        settings = ["new_style.start=blue", "new_style.style_weight=0", f"new_style.hold_weight={hold}"]
        assert main(command(run, *settings, student=deep_base)) == 0
        assert np.array_equal(old, answers(run, photos, 0, 1, 0))
        new = answers(run, photos, 0, 0, 1)
        assert new.shape == (len(photos), SIZE_PX, SIZE_PX, 4)
        moved[hold] = np.abs(old - new)[..., 3].mean()
    assert moved[100] < 0.5 * moved[0]
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert {"matte", "test_matte", "test_shift"} <= last.keys()
    assert json.loads((run / "config.json").read_text())["keeps_shape"] == ["blue"]


def test_with_its_trunk_the_old_styles_move_but_little(base, command, drawn, tmp_path):
    plain = ["new_style.style_weight=0", "new_style.content_weight=0", "new_style.adversarial_weight=0"]
    assert main(command(tmp_path / "run", *plain, "new_style.trunk=true")) == 0
    photos = photographs(drawn)
    moved = [
        np.abs(answers(base, photos, *shares) - answers(tmp_path / "run", photos, *shares, 0)).mean()
        for shares in ((1, 0), (0, 1))
    ]
    assert 0 < max(moved) < 0.02
    kernels = [load_generator(run).layers[2].get_weights()[0] for run in (base, tmp_path / "run")]
    assert not np.array_equal(*kernels)


@pytest.mark.parametrize(("start", "row"), [("red", (1, 0)), ("mean", (0.5, 0.5)), ("nearest", (0, 1))])
def test_the_new_row_begins_as_the_recipe_says(base, drawn, start, row):
    sections = json.loads((base / "config.json").read_text())["recipe"]
    plain = ["style_weight=0", "content_weight=0", "adversarial_weight=0", f"start={start}"]
    recipe = load_recipe("style", [f"new_style.{x}" for x in plain], {n: sections[n] for n in ("data", "student")})
    trainer = style_trainer.NewStyle(recipe, base, ["red", "blue"], None)
    photos = photographs(drawn)[:4]
    chosen = trainer.begin(photos, answers(base, photos, 0, 1))  # cartoons that are exactly the blue style's
    assert chosen == ("blue" if start == "nearest" else start)
    assert np.allclose(trainer.start, row)
    _, begun, new, _ = trainer.translate(photos, photos)
    assert np.allclose(begun, new, atol=1e-5)


@pytest.mark.parametrize(
    ("sets", "name", "message"),
    [
        ([], "red", "red, blue and photo are taken"),
        ([], "photo", "are taken"),
        ([], "My Style", "in small letters"),
        (["data.size_px=32"], "mine", "draws 16 px, not 32"),
        (["new_style.start=green", "new_style.style_weight=0"], "mine", "has red, blue, mean, or nearest"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(command, tmp_path, capsys, sets, name, message):
    assert main(command(tmp_path / "run", *sets, name=name)) == 2
    assert message in capsys.readouterr().err


def test_a_student_of_one_style_is_refused(base, command, tmp_path, capsys):
    shutil.copytree(base, tmp_path / "plain")
    config = json.loads((base / "config.json").read_text())
    del config["styles"]
    (tmp_path / "plain/config.json").write_text(json.dumps(config))
    given = command(tmp_path / "run")
    given[given.index("--student") + 1] = str(tmp_path / "plain")
    assert main(given) == 2
    assert "no student with a style input" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_loss_without_its_encoder_is_refused(base):
    with pytest.raises(InputError, match="need VGG weights"):
        style_trainer.NewStyle(load_recipe("style", [f"data.size_px={SIZE_PX}"]), base, ["red", "blue"], None)
