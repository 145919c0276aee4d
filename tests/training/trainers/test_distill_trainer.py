from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.convert.__main__ import main as convert
from facetoon.convert.judge.comparison import psnr_db
from facetoon.convert.judge.delegation import delegation
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import read_model
from facetoon.training.__main__ import main
from facetoon.training.pictures.batches import batch_at
from facetoon.training.pictures.images import ImageSet, load_split
from facetoon.training.recipes.recipe import load_recipe
from facetoon.training.runs.checkpoint import load_generator


def test_a_student_that_goes_on_from_one_with_smaller_kernels_begins_as_it_ended(drawn, tmp_path, small):
    photos = ["--photos", str(drawn / "photos")]
    teacher, before, after = (str(tmp_path / name) for name in ("teacher", "before", "after"))
    given = [*photos, *small, "--set", "steps=1"]
    assert main(["cyclegan", "--cartoons", str(drawn / "cartoons"), "--run", teacher, *given]) == 0
    assert main(["distill", "--teacher", teacher, "--run", before, *given]) == 0
    grown = ["--init", before, "--set", "student.kernel=5", "--set", "distill.range_weight=1"]
    assert (
        main(["distill", "--teacher", teacher, "--run", after, *given, *grown, "--set", "distill.learning_rate=0"]) == 0
    )
    networks = [load_generator(tmp_path / name) for name in ("before", "after")]
    kernels = [
        next(v for v in net.variables if v.shape[:2] in ((3, 3), (5, 5)) and v.shape[3] == 1) for net in networks
    ]
    assert kernels[0].shape == kernels[1].shape  # the entrance keeps its kernels, the blocks' grow
    assert networks[1].count_params() > networks[0].count_params()
    moved = {"moving_mean", "moving_variance"}  # of the one step
    pairs = zip(networks[0].variables, networks[1].variables, strict=True)
    kept = [(a.numpy(), b.numpy()) for a, b in pairs if a.name not in moved]
    assert sum(a.shape != b.shape for a, b in kept) == 1  # the one block's kernel
    for a, b in kept:
        if a.shape != b.shape:
            a = np.pad(a, ((1, 1), (1, 1), (0, 0), (0, 0)))
        np.testing.assert_array_equal(a, b)
    assert "init_sha256" in json.loads((tmp_path / "after/config.json").read_text())
    assert "range" in json.loads((tmp_path / "after/metrics.jsonl").read_text().splitlines()[-1])
    smaller = ["--init", before, "--set", "student.filters=32"]
    assert main(["distill", "--teacher", teacher, "--run", str(tmp_path / "other"), *given, *smaller]) == 2


def test_distillation_brings_the_student_near_its_teacher(drawn, tmp_path, small):
    photos = ["--photos", str(drawn / "photos")]
    teacher, student = str(tmp_path / "teacher"), str(tmp_path / "student")
    assert (
        main(["cyclegan", *photos, "--cartoons", str(drawn / "cartoons"), "--run", teacher, *small, "--set", "steps=1"])
        == 0
    )
    assert main(["distill", *photos, "--teacher", teacher, "--run", student, *small, "--set", "steps=120"]) == 0
    lines = [json.loads(line) for line in (tmp_path / "student/metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["l1"] < 0.6 * lines[0]["l1"]
    assert "teacher_sha256" in json.loads((tmp_path / "student/config.json").read_text())
    assert load_generator(tmp_path / "student").name == "student"


@pytest.fixture(scope="module")
def styled(drawn, tmp_path_factory):
    """A student of two styles, red and blue, from teachers of its own size and of half of it."""
    folder = tmp_path_factory.mktemp("styled")
    for name, size_px, tint in (("red", 32, (0.5, -0.5, -0.5)), ("blue", 16, (-0.5, -0.5, 0.5))):
        image = keras.Input((size_px, size_px, 3))
        tinted = keras.layers.Conv2D(3, 1, name=name)
        keras.Model(image, keras.layers.ReLU(1.0)(tinted(image))).save(folder / f"{name}.keras")
        model = keras.models.load_model(folder / f"{name}.keras")
        model.get_layer(name).set_weights(
            [0.3 * np.eye(3, dtype="float32")[None, None], np.array(tint, "float32") + 0.4]
        )
        model.save(folder / f"{name}.keras")
    arguments = ["--photos", str(drawn / "photos"), "--run", str(folder / "run")]
    teachers = [part for name in ("red", "blue") for part in ("--teacher", f"{name}={folder}/{name}.keras")]
    teachers += [part for name in ("red", "blue") for part in ("--teacher-range", f"{name}=-1..1")]
    sets = ["steps=400", "batch_size=4", "data.size_px=32", "student.stem_filters=16", "student.filters=16"]
    sets += ["student.blocks=2", "checkpoint_every=400", "sample_every=400", "distill.feature_weight=0"]
    sets += ["discriminator.filters=4", "discriminator.layers=2", "distill.adversarial_weight=0.01"]
    recipe = ["--recipe", "styles_64", *(part for value in sets for part in ("--set", value))]
    assert main(["distill", *arguments, *teachers, *recipe]) == 0
    return folder


def drawn_in(styled, drawn, *shares):
    """The cartoons of some drawn photographs by the run's student."""
    photos, _ = load_split([str(drawn / "photos")], 32, 0.2)
    tensors = pixels.to_unit(photos.images[:4])
    style = np.tile(np.array([shares], "float32"), (4, 1))
    return np.asarray(load_generator(styled / "run")([tensors, style], training=False))


def test_each_style_is_its_teachers(styled, drawn):
    red, blue = drawn_in(styled, drawn, 1, 0), drawn_in(styled, drawn, 0, 1)
    assert red[..., 0].mean() > red[..., 2].mean() + 0.1
    assert blue[..., 2].mean() > blue[..., 0].mean() + 0.1


def test_a_mix_lies_between_its_styles(styled, drawn):
    reds = [drawn_in(styled, drawn, share, 1 - share)[..., 0].mean() for share in (0, 0.5, 1)]
    assert reds == sorted(reds)


def test_the_run_says_how_near_each_style_is(styled):
    last = json.loads((styled / "run/metrics.jsonl").read_text().splitlines()[-1])
    for name in ("red", "blue"):
        assert 15 < last[f"test_psnr_db_{name}"] < 60
        assert 1 < last[f"test_sharp_{name}"] < 10  # the teachers are so plain that any noise is sharper


def test_the_run_names_its_styles_and_teachers(styled):
    config = json.loads((styled / "run/config.json").read_text())
    assert config["styles"] == ["red", "blue"]
    assert len({config[f"teacher_{name}"]["sha256"] for name in ("red", "blue")}) == 2


def test_baked_int8_is_live_int8_in_one_partition(styled):
    files = [styled / "live.tflite", styled / "baked.tflite"]
    for file, style in zip(files, ([], ["--style", "red:0.6,blue:0.4"]), strict=True):
        assert convert(["build", str(styled / "run"), "--out", str(file), "--keep", *style]) in (0, 1)
    live, baked = (open_session(file) for file in files)
    live.set_style([0.6, 0.4])
    image = np.random.default_rng(4).integers(0, 256, (32, 32, 3), np.uint8)
    assert psnr_db(live.run(image), baked.run(image)) > 35
    for file in files:
        told = delegation(read_model(file)[0])
        assert (told["partitions"], told["left"]) == (1, {})


@pytest.mark.parametrize("teachers", [["red=a", "red=b"], ["a", "b"], ["red=a", "B C=b"]])
def test_several_teachers_without_names_are_refused(teachers, tmp_path, capsys):
    given = [part for teacher in teachers for part in ("--teacher", teacher)]
    assert main(["distill", *given, "--photos", "nowhere", "--run", str(tmp_path / "run")]) == 2
    assert "--teacher NAME=RUN" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("batch_size=3", "dealt to 2 teachers as 1 : 1"),
        ("distill.shares=3 2", "dealt to 2 teachers as 3 : 2"),
        ("distill.shares=1 1 1", "2 whole numbers"),
        ("distill.shares=1 0", "2 whole numbers"),
        ("distill.shares=most few", "2 whole numbers"),
        ("distill.window_px=12", "a multiple of 8 and at most 32, not 12"),
        ("distill.window_px=40", "a multiple of 8 and at most 32, not 40"),
        ("distill.window_px=16, distill.feature_weight=0.1", "does not go with distill.feature_weight"),
    ],
)
def test_batches_that_cannot_be_are_refused(styled, drawn, tmp_path, capsys, override, said):
    given = [part for name in ("red", "blue") for part in ("--teacher", f"{name}={styled}/{name}.keras")]
    given += [part for name in ("red", "blue") for part in ("--teacher-range", f"{name}=-1..1")]
    run = ["--photos", str(drawn / "photos"), "--run", str(tmp_path / "run"), "--recipe", "styles_64"]
    changes = [part for change in (*override.split(", "), "data.size_px=32") for part in ("--set", change)]
    assert main(["distill", *given, *run, *changes]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_share_of_the_batch_is_as_large_as_asked_for():
    recipe = load_recipe("styles_64", ["batch_size=12", "distill.shares=1 4 1"])
    assert recipe.dealt(3) == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2]
    taught = np.zeros((5, 4, 40, 40, 3), np.uint8)  # photograph, and answers as bright as their teacher's number
    taught[:, 1:] = np.array([50, 100, 150])[:, None, None, None]
    images = ImageSet(taught, np.zeros(5, int), "")
    recipe = replace(recipe, data=replace(recipe.data, size_px=32, photo_colour_jitter=0.0))
    _, answers = batch_at(0, {"taught": images}, recipe)
    seen = (answers[:, 16, 16, 0] * 127.5 + 127.5).round()
    assert seen.tolist() == [[50, 100, 150][teacher] for teacher in recipe.dealt(3)]
