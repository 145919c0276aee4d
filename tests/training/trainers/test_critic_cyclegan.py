from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.training.__main__ import main
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.images import ImageSet
from facetoon.training.recipes.recipe import load_recipe
from facetoon.training.runs import checkpoint
from facetoon.training.runs.dry_run import dry_run
from facetoon.training.runs.loop import train
from facetoon.training.trainers.critic_cyclegan import CriticCycleGAN, slowing

SMALL = [
    *("data.size_px=32", "batch_size=2", "generator.filters=4", "generator.blocks=1", "loss.back_px=16"),
    *("discriminator.projected_filters=8", "discriminator.pixel_filters=4", "hold.cells=4", "start.steps=2"),
    "compute.precision=float32",
]


class FixedGuides:
    """Skin in the upper half, hair in the lower, and the mirrored photograph as the drawing."""

    def guided(self, photos):
        masks = np.zeros_like(photos.images)
        half = masks.shape[1] // 2
        masks[:, :half, :, 0], masks[:, half:, :, 1] = 255, 255
        return ImageSet(np.stack([photos.images, masks, photos.images[:, :, ::-1]], 1), photos.source, photos.digest)


def sources_in(folder):
    return {domain: [DataSource(str(folder / domain))] for domain in ("photos", "cartoons")}


@pytest.fixture
def build(features_file):
    return partial(CriticCycleGAN, features=features_file, guides=FixedGuides())


@pytest.fixture
def run_critic(drawn, build, tmp_path):
    def run(name, *overrides, init=None):
        recipe = load_recipe("anime_critic_128", [*SMALL, *overrides])
        train(recipe, tmp_path / name, sources_in(drawn), build, init=init)
        return tmp_path / name

    return run


def state(run):
    with np.load(sorted((run / "checkpoints").glob("*.npz"))[-1]) as arrays:
        return dict(arrays)


def test_a_run_keeps_its_average_and_loads(run_critic):
    run = run_critic("run", "steps=4", "checkpoint_every=4", "sample_every=4")
    generator = checkpoint.load_generator(run)
    assert generator(np.zeros((1, 32, 32, 3), np.float32)).shape == (1, 32, 32, 3)
    names = set(state(run))
    assert not any("feature" in name for name in names)
    assert {"range/gen_ab", "range/back_ba", "range/disc_b", "range/ema_ab"} <= names


def test_its_configuration_holds_what_the_critic_is(run_critic):
    run = run_critic("run", "steps=1", "checkpoint_every=1", "sample_every=1")
    before = (run / "config.json").read_bytes()
    recipe = json.loads(before)["recipe"]
    assert recipe["discriminator"]["kind"] == "projected"
    assert {"hold", "start"} <= recipe.keys()
    assert recipe["optimizer"]["beta_1"] == 0
    with pytest.raises(InputError, match="skin_weight"):
        run_critic("run", "steps=1", "checkpoint_every=1", "sample_every=1", "hold.skin_weight=3.0")
    run_critic("run", "steps=1", "checkpoint_every=1", "sample_every=1")
    assert (run / "config.json").read_bytes() == before


def test_a_resumed_run_equals_an_unbroken_one(run_critic):
    every = ("steps=4", "checkpoint_every=2", "keep_checkpoints=2", "start.steps=1")
    whole = state(run_critic("whole", *every))
    broken = run_critic("broken", *every)
    (broken / "checkpoints/step-00000004.npz").unlink()
    again = state(run_critic("broken", *every))
    assert whole.keys() == again.keys()
    for name, value in whole.items():
        assert np.array_equal(value, again[name]), name


def test_a_larger_run_begins_with_the_weights_of_a_smaller_one(run_critic):
    small = run_critic("small", "steps=3", "start.steps=0")
    still = ("optimizer.learning_rate_generator=0.0", "optimizer.learning_rate_discriminator=0.0")
    large = ("steps=1", "data.size_px=64", "discriminator.look_px=32", "start.steps=0", *still)
    large_run = run_critic("large", *large, init=small)
    before, after = (checkpoint.load_generator(run) for run in (small, large_run))
    assert after.input_shape == (None, 64, 64, 3)
    for old, new in zip(before.get_weights(), after.get_weights(), strict=True):
        np.testing.assert_allclose(old, new, atol=1e-6)
    ways_back = (checkpoint.network_values(run / "checkpoints", "back_")["back_ba"] for run in (small, large_run))
    for old, new in zip(*ways_back, strict=True):
        np.testing.assert_allclose(old, new, atol=1e-6)


def test_a_dry_run_measures_steps_with_the_critic(drawn, build, monkeypatch):
    monkeypatch.setattr("facetoon.training.runs.dry_run.MEASURE_S", 0.0)
    steps = []
    monkeypatch.setattr(CriticCycleGAN, "step", lambda self, index, *batch: steps.append(index))
    assert list(dry_run(load_recipe("anime_critic_128", [*SMALL, "start.steps=30"]), sources_in(drawn), build))
    assert min(steps) == 30


@pytest.mark.parametrize("sizes", [("data.size_px=200", "loss.back_px=64"), ("data.size_px=32", "loss.back_px=10")])
def test_sizes_that_do_not_fit_are_one_sentence(build, sizes):
    with pytest.raises(InputError, match="The way back cannot work"):
        build(load_recipe("anime_critic_128", [*SMALL, *sizes]))


def test_without_its_files_it_is_one_sentence(drawn, tmp_path, capsys):
    sources = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons")]
    command = ["cyclegan", "--recipe", "anime_critic_128", *sources, "--run", str(tmp_path / "run")]
    assert main(command) == 2
    assert "give --features FILE and --segments FILE and --landmarks FILE" in capsys.readouterr().err
    missing = str(tmp_path / "none")
    assert main([*command, "--features", missing, "--segments", missing, "--landmarks", missing]) == 2
    assert f"{missing} cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_average_slows_down():
    assert slowing(0, 0.9995) < 0.1
    assert slowing(5_000, 0.9995) == pytest.approx(0.998, abs=1e-4)
    assert slowing(1_000_000, 0.9995) == 0.9995


JAX_STEPS = """
import sys, numpy as np
from pathlib import Path
from facetoon.training.engine.backend import started_backend
with started_backend("jax"):
    from facetoon.training.trainers.critic_cyclegan import CriticCycleGAN
from facetoon.training.recipes.recipe import load_recipe
trainer = CriticCycleGAN(load_recipe("anime_critic_128", sys.argv[2:]), Path(sys.argv[1]), None)
before = trainer.gen_ab.get_weights()
random = np.random.default_rng(1)
batch = [random.uniform(-1, 1, (2, 32, 32, 3)).astype("float32") for _ in range(4)]
losses = [trainer.step(index, *batch) for index in range(4)]
assert all(np.isfinite(value) for parts in losses for value in parts.values()), losses
assert {"draw", "cycle"} == set(losses[0]) and {"gan", "disc", "skin"} <= set(losses[3])
assert all(not np.array_equal(a, b) for a, b in zip(before, trainer.gen_ab.get_weights()) if a.ndim == 4)
"""


@pytest.mark.slow  # XLA compiles depthwise convolutions on a CPU for minutes
def test_the_same_steps_run_under_jax(features_file):
    pytest.importorskip("jax")
    subprocess.run([sys.executable, "-c", JAX_STEPS, str(features_file), *SMALL], check=True)
