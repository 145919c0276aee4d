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
from facetoon.training.networks import losses
from facetoon.training.runs import checkpoint
from facetoon.training.trainers.image_pool import ImagePool


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
    assert steps == [3, 6]  # the lost second half is not told twice
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


def test_image_pool_gives_old_fakes_and_restores_exactly():
    pool = ImagePool(4, 2, seed=1)
    batches = [np.full((3, 2, 2, 3), level, np.float32) for level in range(40)]
    for batch in batches[:21]:
        pool.exchange(batch)
    twin = ImagePool(4, 2, seed=99)
    twin.restore("p", pool.state("p"))
    given = [(pool.exchange(batch), twin.exchange(batch)) for batch in batches[21:]]
    assert all(np.array_equal(a, b) for a, b in given)
    assert any(not np.array_equal(a, batch) for (a, _), batch in zip(given, batches[21:], strict=True))


def test_losses_on_known_values():
    x = np.zeros((1, 16, 16, 3), np.float32)
    y = np.full_like(x, 0.5)
    ramp = np.broadcast_to(np.linspace(-1, 1, 16, dtype=np.float32)[:, None], (1, 16, 16, 3)).copy()
    assert float(losses.mse(x, y)) == pytest.approx(0.25)
    assert float(losses.l1(x, y)) == pytest.approx(0.5)
    assert float(losses.coarse_colour(x, y)) == pytest.approx(0.25)
    assert float(losses.gradient_l1(x, y)) == 0
    assert float(losses.gradient_l1(x, ramp)) == pytest.approx(2 / 15, rel=1e-4)
    assert float(losses.ssim(ramp, ramp)) == pytest.approx(1, abs=1e-5)
    assert float(losses.ssim(ramp, -ramp)) < 0
    assert float(losses.lsgan_generator(np.ones(3))) == 0
    assert float(losses.lsgan_discriminator(np.ones(3), np.zeros(3))) == 0


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
    assert results[0].keys() == results[1].keys()
    for name, value in results[0].items():
        np.testing.assert_allclose(value, results[1][name], atol=2e-3, err_msg=name)


def test_recipe_of_the_other_command_is_refused(train, capsys):
    assert train("run", "--recipe", "distill_64") == 2
    assert "is for toon-train distill" in capsys.readouterr().err


def test_learning_rate_falls_linearly_in_the_second_half():
    from facetoon.training.trainers.optimizers import linear_decay

    assert [linear_decay(step, 100, 0.5) for step in (0, 50, 75, 100)] == [1, 1, 0.5, 0]
    assert linear_decay(40, 100, 0.2) == pytest.approx(0.75)
