"""toon-train encoder on drawn heads."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.__main__ import main
from facetoon.training.pictures import batches
from facetoon.training.pictures.images import load_split
from facetoon.training.recipes.parts import DataRecipe
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.score import encoder_files


def test_the_encoder_tells_its_sources_apart(encoder_run):
    last = json.loads((encoder_run / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["test_error"] < 0.2
    encode = encoder_files.open_encoder(encoder_run / "encoder.keras")
    assert encode(np.zeros((3, 64, 64, 3), np.uint8)).shape == (3, 16)


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
