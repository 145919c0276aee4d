"""A run that version 0.1.0 began is read and resumed by this one.

tests/data/run-0.1.0 holds a CycleGAN run of 6 steps, at 16 px with 2 filters, and its two zip files of pictures: the
run directory without what step 6 wrote, its files compressed, and the values of step 6 ("variables" in one row).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.__main__ import main
from facetoon.training.runs.checkpoint import load_generator
from facetoon.training.runs.run_directory import RunDirectory

OLD = Path(__file__).parents[2] / "data" / "run-0.1.0"
SETTINGS = (
    "data.size_px=16",
    "batch_size=2",
    "generator.filters=2",
    "generator.blocks=1",
    "discriminator.filters=2",
    "discriminator.layers=2",
    "optimizer.pool_size=3",
    "steps=6",
    "checkpoint_every=2",
    "sample_every=6",
)


@pytest.fixture
def run(tmp_path, monkeypatch) -> Path:
    """A copy of the run; its sources are named as they lie beside it."""
    monkeypatch.chdir(OLD)
    return shutil.copytree(OLD / "run", tmp_path / "run")


def test_it_says_what_it_is(run):
    directory = RunDirectory(run)
    recipe = directory.recipe()
    assert (recipe.kind, recipe.data.size_px, recipe.generator.filters) == ("cyclegan", 16, 2)
    train, test = directory.input_pictures().load(16)
    assert train.digest == directory.input_pictures().train_sha256
    assert len(train) + len(test) == 16
    assert load_generator(run).input_shape == (None, 16, 16, 3)


def test_it_resumes_to_what_the_old_code_reached(run):
    config = (run / "config.json").read_bytes()
    options = [part for setting in SETTINGS for part in ("--set", setting)]
    assert main(["cyclegan", "--photos", "photos.zip", "--cartoons", "cartoons.zip", "--run", str(run), *options]) == 0
    assert (run / "config.json").read_bytes() == config
    with np.load(OLD / "step-00000006-expected.npz") as file:
        expected = dict(file)
    with np.load(run / "checkpoints/step-00000006.npz") as file:
        names = sorted(name for name in file if name.startswith("variable/"))
        variables = np.concatenate([file[name].ravel().astype(np.float64) for name in names])
        host = {name: file[name] for name in file if name.startswith("host/")}
    assert len(variables) == len(expected["variables"])
    # With another number of threads sums have another order, which moves a few variables by 4e-5. One wrong step moves
    # most of them by the learning rate, 2e-4.
    np.testing.assert_allclose(variables, expected.pop("variables"), rtol=0, atol=1e-4)
    assert host.keys() == expected.keys()
    for name, value in host.items():
        np.testing.assert_allclose(value, expected[name], rtol=0, atol=1e-4, err_msg=name)


def test_with_other_pictures_it_is_refused(run, capsys):
    options = [part for setting in SETTINGS for part in ("--set", setting)]
    assert main(["cyclegan", "--photos", "cartoons.zip", "--cartoons", "photos.zip", "--run", str(run), *options]) == 2
    assert "belongs to another configuration" in capsys.readouterr().err
