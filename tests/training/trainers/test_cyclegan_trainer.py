from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.training.__main__ import main
from facetoon.training.recipes.recipe import load_recipe
from facetoon.training.runs import checkpoint
from facetoon.training.trainers.cyclegan_trainer import CycleGAN

RANDOM = np.random.default_rng(3)


IMAGES = RANDOM.uniform(-1, 1, (4, 16, 16, 3)).astype("float32")


SMALL = ["data.size_px=16", "generator.filters=4", "generator.blocks=1", "discriminator.filters=4"]
SMALL += ["discriminator.layers=2", "optimizer.pool_size=0", "batch_size=4"]


@pytest.fixture
def train(drawn, tmp_path, small):
    def run(name="run", *more):
        sources = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons")]
        return main(["cyclegan", *sources, "--run", str(tmp_path / name), *small, *more])

    return run


def weights(run):
    with np.load(sorted((run / "checkpoints").glob("*.npz"))[-1]) as arrays:
        return dict(arrays)


def test_a_run_leaves_everything_a_run_should(train, tmp_path):
    assert train("run", "--set", "steps=4", "--set", "sample_every=2", "--set", "checkpoint_every=2") == 0
    run = tmp_path / "run"
    assert {p.name for p in run.iterdir()} == {
        "config.json", "sources.json", "environment.json", "metrics.jsonl", "tensorboard", "samples", "checkpoints",
        "best", "generator_ab.keras", "generator_ba.keras",
    }  # fmt: skip
    assert len(list((run / "samples").glob("*.png"))) == 2
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 4
    assert last["test_cycle"] > 0
    assert last["waiting_share"] < 1
    assert {"gan_ab", "gan_ba", "cycle_a", "cycle_b", "disc_a", "disc_b"} <= set(last)
    generator = checkpoint.load_generator(run, "ba")
    assert generator(np.zeros((1, 16, 16, 3), np.float32)).shape == (1, 16, 16, 3)


def test_resumed_run_equals_an_unbroken_one_bit_for_bit(train, tmp_path):
    every = ["--set", "checkpoint_every=3"]
    assert train("whole", "--set", "steps=6", *every) == 0
    # Linear decay depends on the run's length, so the broken run is cut short by losing its second half.
    assert train("broken", "--set", "steps=6", *every) == 0
    (tmp_path / "broken/checkpoints/step-00000006.npz").unlink()
    assert train("broken", "--set", "steps=6", *every) == 0
    whole, broken = weights(tmp_path / "whole"), weights(tmp_path / "broken")
    steps = [json.loads(line)["step"] for line in (tmp_path / "broken/metrics.jsonl").read_text().splitlines()]
    assert steps == [3, 6]  # the lost second half is not logged twice
    assert "variable/0000" in whole
    assert whole.keys() == broken.keys()
    for name, value in whole.items():
        assert np.array_equal(value, broken[name]), name


def test_generator_learns(train, tmp_path):
    """Thirty steps on drawn heads bring the cycle error down."""
    assert train("run", "--set", "steps=60") == 0
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["cycle_a"] < 0.7 * lines[0]["cycle_a"]


@pytest.fixture(scope="module")
def finished(drawn, tmp_path_factory, small):
    """A run of two steps, to be copied by tests that begin with one."""
    run = tmp_path_factory.mktemp("runs") / "run"
    sources = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons")]
    assert main(["cyclegan", *sources, "--run", str(run), *small, "--set", "steps=2"]) == 0
    return run


@pytest.fixture
def copied(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def test_another_configuration_is_refused_with_the_difference(train, copied, capsys):
    before = (copied / "config.json").read_bytes()
    assert train("run", "--set", "steps=2", "--set", "loss.cycle_weight=3") == 2
    told = capsys.readouterr().err
    assert "belongs to another configuration" in told
    assert '-      "cycle_weight": 10.0' in told
    assert '+      "cycle_weight": 3.0' in told
    assert (copied / "config.json").read_bytes() == before


def test_a_longer_schedule_prolongs_a_run(train, copied):
    assert train("run", "--set", "steps=3") == 0
    assert weights(copied)["step"] == 3


def test_damaged_checkpoint_is_one_sentence(train, copied, capsys):
    path = next((copied / "checkpoints").glob("*.npz"))
    path.write_bytes(path.read_bytes()[:1000])
    assert train("run", "--set", "steps=3") == 2
    assert "cannot be read" in capsys.readouterr().err.splitlines()[-1]


def test_a_loss_that_is_no_number_stops_the_run(train, tmp_path, capsys):
    rate = ["--set", "optimizer.learning_rate_generator=1e30", "--set", "checkpoint_every=1"]
    assert train("run", "--set", "steps=50", *rate) == 1
    assert "the last checkpoint is kept" in capsys.readouterr().err.splitlines()[-1]


def test_missing_generator_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="holds no generator for the direction ab"):
        checkpoint.load_generator(tmp_path)


SAME_STEP = """
import sys, numpy as np
from facetoon.training.engine.backend import select_backend
select_backend(sys.argv[1])
from facetoon.training.recipes.recipe import load_recipe
from facetoon.training.trainers.cyclegan_trainer import CycleGAN
model = CycleGAN(load_recipe("face_toon_64", sys.argv[3:]))
random = np.random.default_rng(1)
optimizers = len(model.generator_optimizer.variables) + len(model.discriminator_optimizer.variables)
for variable in model.variables[:-optimizers]:
    if variable.dtype == "float32":  # all but the state of random numbers
        variable.assign(random.normal(0, 0.05, variable.shape).astype("float32"))
for index in range(3):
    a, b = random.uniform(-1, 1, (2, 2, 16, 16, 3)).astype("float32")
    parts = model.step(index, a, b)
np.savez(sys.argv[2], **parts, **{f"w{i}": np.asarray(v.value) for i, v in enumerate(model.variables)})
"""


@pytest.mark.slow
def test_the_same_step_on_tensorflow_and_jax(tmp_path, small):
    """Three steps from equal weights on equal batches: equal losses and weights on both back-ends."""
    pytest.importorskip("jax", reason="needs pip install 'facetoon[jax]'")
    results = []
    for backend in ("tensorflow", "jax"):
        out = tmp_path / f"{backend}.npz"
        subprocess.run([sys.executable, "-c", SAME_STEP, backend, str(out), *small[1::2]], check=True)
        with np.load(out) as arrays:
            results.append(dict(arrays))
    assert {"gan_ab", "w0"} <= results[0].keys()
    assert results[0].keys() == results[1].keys()
    for name, value in results[0].items():
        np.testing.assert_allclose(value, results[1][name], atol=2e-3, err_msg=name)


def test_recipe_of_the_other_command_is_refused(train, capsys):
    assert train("run", "--recipe", "distill_64") == 2
    assert "is for toon-train distill" in capsys.readouterr().err


EXTRAS = {
    "everything": [
        *("discriminator.scales=2", "discriminator.cam=true", "discriminator.spectral_norm=true"),
        *("discriminator.norm=none", "loss.gan=hinge", "loss.gradient_penalty_weight=0.1", "loss.identity_weight=1"),
        *("discriminator.diff_augment='colour,translation,cutout'", "optimizer.clip_norm=1", "loss.cycle=l1"),
        *("generator.kind=unet", "generator.norm=batch", "compute.precision=bfloat16", "optimizer.accumulate=2"),
    ],
    "xla": ["compute.jit_compile=true"],
}


@pytest.mark.parametrize("extras", EXTRAS)
def test_steps_with_every_field_on(extras):
    model = CycleGAN(load_recipe("face_toon_64", [*SMALL, *EXTRAS[extras]]))
    before = [np.array(v) for v in model.gen_ab.trainable_variables]
    for index in range(2):
        parts = model.step(index, IMAGES, IMAGES[::-1].copy())
    assert {"gan_ab", "disc_b"} <= parts.keys()
    assert all(np.isfinite(value) for value in parts.values())
    assert any(not np.array_equal(a, v) for a, v in zip(before, model.gen_ab.trainable_variables, strict=True))
    assert {v.dtype for v in model.generators["ab"].variables} == {"float32"}
    assert model.generators["ab"].dtype_policy.name == "float32"


def test_two_accumulated_batches_are_one_of_twice_the_size():
    whole = CycleGAN(load_recipe("face_toon_64", SMALL))
    halves = CycleGAN(load_recipe("face_toon_64", [*SMALL, "optimizer.accumulate=2"]))
    other = IMAGES[::-1].copy()
    whole.step(0, IMAGES, other)
    for index, rows in enumerate((slice(0, 2), slice(2, 4))):
        halves.step(index, IMAGES[rows], other[rows])
    assert whole.gen_ab.trainable_variables
    for a, b in zip(whole.gen_ab.trainable_variables, halves.gen_ab.trainable_variables, strict=True):
        # Adam divides by the gradient's size, so the rounding of tiny gradients shows: 2e-4 is one step
        assert np.mean(np.abs(np.asarray(a) - np.asarray(b))) < 1e-5
