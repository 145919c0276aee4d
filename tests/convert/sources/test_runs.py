"""Every kind of run that holds a generator converts: trained on drawn pictures, with tiny networks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.__main__ import main as convert
from facetoon.edge_runtime.spec import read_model
from facetoon.training.__main__ import main as train
from facetoon.training.pictures.images import load_split
from facetoon.training.pictures.pairs import load_pairs
from facetoon.training.recipes.recipe import load_recipe

SIZE_PX = 16
SMALL = [f"data.size_px={SIZE_PX}", "steps=1", "checkpoint_every=1", "sample_every=1", "batch_size=2"]
SMALL += ["generator.kind=resnet", "generator.filters=4", "generator.blocks=1", "discriminator.filters=4"]
SMALL += ["discriminator.layers=2", "student.stem_filters=16", "student.filters=16", "student.blocks=1"]
FEW = ["--recipe", "float32", "--calibration-images", "4", "--test-images", "4"]


@pytest.fixture(scope="module")
def pairs(photos, tmp_path_factory) -> Path:
    """NN_face.png, a drawn photograph, and NN_comic.png, the same with red and blue exchanged."""
    folder = tmp_path_factory.mktemp("pairs")
    for path in Path(photos[0]).iterdir():
        image = cv2.imread(str(path))
        cv2.imwrite(str(folder / f"{path.stem}_face.png"), image)
        cv2.imwrite(str(folder / f"{path.stem}_comic.png"), image[..., ::-1])
    return folder


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory) -> Path:
    """Random weights of four blocks, laid out as VGG19 and far narrower."""
    random, before, arrays = np.random.default_rng(1), 3, {}
    for block, (width, count) in enumerate(((4, 2), (8, 2), (8, 4), (8, 4)), 1):
        for place in range(1, count + 1):
            arrays[f"block{block}_conv{place}/kernel"] = random.normal(0, 0.1, (3, 3, before, width)).astype("float32")
            arrays[f"block{block}_conv{place}/bias"] = np.zeros(width, "float32")
            before = width
    path = tmp_path_factory.mktemp("vgg") / "random.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def runs(photos, pairs, vgg_file, tmp_path_factory) -> dict[str, Path]:
    """A run of every kind, by its name; teachers come first."""
    folder, [many, few] = tmp_path_factory.mktemp("runs"), photos
    domains = ["--photos", many, "--cartoons", few]
    places = {name: folder / name for name in KINDS}
    commands = {
        "cyclegan": ["cyclegan", *domains],
        "pairs": ["pairs", "--recipe", "comic_64", "--pairs", str(pairs)],
        "pairs and photos": ["pairs", "--recipe", "comic_64", "--pairs", str(pairs), "--photos", few],
        "sharpen": ["sharpen", "--teacher", str(places["cyclegan"]), *domains, "--set", f"data.size_px={2 * SIZE_PX}"],
        "distill": ["distill", "--teacher", str(places["pairs"]), "--photos", many],
        "styles": ["distill", *teachers(one=places["cyclegan"], two=places["pairs"]), "--photos", many],
        "style": ["style", "--student", str(places["styles"]), "--name", "mine", "--cartoons", few],
        "fast-style": ["fast-style", "--style", str(next(pairs.iterdir())), "--photos", many],
    }
    commands["style"] += ["--vgg-weights", str(vgg_file)]
    commands["fast-style"] += ["--vgg-weights", str(vgg_file), "--set", "fast_style.style_px=32"]
    small = [word for value in SMALL for word in ("--set", value)]
    for name, (kind, *words) in commands.items():
        assert train([kind, *small, *words, "--run", str(places[name])]) == 0, name
    return places


def teachers(**runs: Path) -> list[str]:
    return [word for name, run in runs.items() for word in ("--teacher", f"{name}={run}")]


KINDS = ("cyclegan", "pairs", "pairs and photos", "sharpen", "distill", "styles", "style", "fast-style")
STYLES = {"styles": ("one", "two"), "style": ("one", "two", "mine")}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_converts(runs, kind, photos, pairs, tmp_path):
    out = tmp_path / "toon.tflite"
    assert convert(["build", str(runs[kind]), "--out", str(out), *FEW]) == 0
    _, spec = read_model(out)
    assert spec.direction == "photo to cartoon"
    assert spec.styles == STYLES.get(kind, ("toon",))
    if kind == "pairs":  # it saw no other photographs
        _, test = load_pairs([str(pairs)], SIZE_PX, 0.2, load_recipe("comic_64").pairs)
    else:
        _, test = load_split([photos[1 if kind == "pairs and photos" else 0]], SIZE_PX, 0.2)
    assert spec.scores["test"]["split_sha256"] == test.digest


@pytest.mark.slow
def test_a_run_of_pairs_whose_pictures_moved(runs, pairs, tmp_path, capfd):
    out, moved = tmp_path / "toon.tflite", tmp_path / "moved"
    command = ["build", str(runs["pairs"]), "--out", str(out), *FEW, "--photos"]
    moved.symlink_to(pairs)
    assert convert([*command, str(moved)]) == 0
    (tmp_path / "apart").mkdir()
    first = sorted(pairs.iterdir())[0]
    (tmp_path / "apart" / first.name).write_bytes(first.read_bytes())
    assert convert([*command, str(tmp_path / "apart")]) == 2
    assert "holds no pairs" in capfd.readouterr().err


@pytest.mark.slow
def test_the_way_back_of_a_cyclegan_takes_cartoons(runs, photos, tmp_path):
    out = tmp_path / "toon.tflite"
    assert convert(["build", str(runs["cyclegan"]), "--direction", "ba", "--out", str(out), *FEW]) == 0
    _, spec = read_model(out)
    assert spec.direction == "cartoon to photo"
    assert spec.scores["test"]["split_sha256"] == load_split([photos[1]], SIZE_PX, 0.2)[1].digest


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "direction"), [("distill", "ba"), ("pairs", "ba")])
def test_a_run_without_such_a_generator_is_said(runs, kind, direction, tmp_path, capfd):
    out = tmp_path / "toon.tflite"
    assert convert(["build", str(runs[kind]), "--direction", direction, "--out", str(out), *FEW]) == 2
    printed = capfd.readouterr().err
    assert f"holds no generator for the direction {direction}" in printed
    assert printed.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
