"""Runs as real processes: killed, resumed, shared by workers, refused."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.__main__ import main
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.runs import checkpoint
from facetoon.training.runs.run_directory import RunDirectory, identity

STEPS = 40
PATIENCE_S = 1200  # for a state that an idle machine reaches in seconds


@pytest.fixture
def command(drawn, small):
    sources = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons")]
    return lambda run, *more: ["cyclegan", *sources, "--run", str(run), *small, *more]


started = []


@pytest.fixture(autouse=True)
def none_left():
    yield
    while started:
        started.pop().kill()


def start(arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", "facetoon.training", *arguments], stderr=subprocess.PIPE, text=True
    )
    started.append(process)
    return process


def state(run):
    with np.load(sorted((run / "checkpoints").glob("*.npz"))[-1]) as arrays:
        return dict(arrays)


def wait_for(path):
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.02)


KILLED_AT_20 = """
import os, signal, sys
from facetoon.training.__main__ import main
from facetoon.training.runs import checkpoint
save = checkpoint.save
def save_and_die(folder, step, *more):
    save(folder, step, *more)
    if step == 20:
        os.kill(os.getpid(), signal.SIGKILL)
checkpoint.save = save_and_die
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_killed_and_resumed_is_bit_for_bit_the_unbroken_run(command, tmp_path):
    """40 steps at once, and 20, SIGKILL, 20 more: weights, averages, optimizers, image pools and metrics are equal."""
    options = ["--set", f"steps={STEPS}", "--set", "checkpoint_every=20"]
    options += ["--set", "discriminator.diff_augment=translation", "--set", "discriminator.spectral_norm=true"]
    assert main(command(tmp_path / "whole", *options)) == 0
    killed = subprocess.run([sys.executable, "-c", KILLED_AT_20, *command(tmp_path / "broken", *options)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in (tmp_path / "broken/checkpoints").iterdir()] == ["step-00000020.npz"]
    assert main(command(tmp_path / "broken", *options)) == 0
    whole, broken = state(tmp_path / "whole"), state(tmp_path / "broken")
    assert whole.keys() == broken.keys()
    assert any(name.startswith("host/pool_a") for name in whole)
    for name, value in whole.items():
        assert np.array_equal(value, broken[name]), name
    told = [
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("whole", "broken")
    ]
    assert [line["step"] for line in told[0]] == [line["step"] for line in told[1]]
    timing = {"elapsed_s", "steps_per_s", "images_per_s", "waiting_share"}
    last = [{name: value for name, value in lines[-1].items() if name not in timing} for lines in told]
    assert last[0] == last[1]


@pytest.mark.slow
def test_two_workers_are_one_with_twice_the_batch(command, tmp_path):
    """Two processes over loopback, two pictures each, against one with four: equal to 5e-4 after 3 steps."""
    pytest.importorskip("jax", reason="needs pip install 'facetoon[jax]'")
    options = ["--backend", "jax", "--set", "steps=3", "--set", "batch_size=4"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        cluster = ["--coordinator", f"127.0.0.1:{free.getsockname()[1]}", "--workers", "2"]
    workers = [start(command(tmp_path / "two", *options, *cluster, "--worker", str(n))) for n in (0, 1)]
    alone = start(command(tmp_path / "one", *options))
    for process in (*workers, alone):
        _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, told
    one, two = state(tmp_path / "one"), state(tmp_path / "two")
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_allclose(value.astype(float), two[name].astype(float), atol=5e-4, err_msg=name)


@pytest.mark.slow
def test_a_dead_worker_ends_the_run_with_a_sentence_and_it_resumes(command, tmp_path):
    pytest.importorskip("jax", reason="needs pip install 'facetoon[jax]'")
    run, options = tmp_path / "run", ["--backend", "jax", "--set", "batch_size=4", "--set", "checkpoint_every=5"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        cluster = ["--coordinator", f"127.0.0.1:{free.getsockname()[1]}", "--workers", "2"]
    commands = [command(run, *options, *cluster, "--worker", str(n)) for n in (0, 1)]
    workers = [start([*arguments, "--set", "steps=100000"]) for arguments in commands]
    wait_for(run / "best/score.json")
    workers[1].kill()
    _, told = workers[0].communicate(timeout=PATIENCE_S)
    assert workers[0].returncode == 1, told
    assert "another worker is gone" in told.splitlines()[-1], told
    workers[1].communicate(timeout=PATIENCE_S)  # its stderr closes only when its child has ended too
    reached = int(state(run)["step"])
    for process in [start([*arguments, "--set", f"steps={reached + 1}"]) for arguments in commands]:
        _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, told
    assert int(state(run)["step"]) == reached + 1


def test_fields_that_did_not_exist_count_as_their_defaults(tmp_path):
    old = {"recipe": identity(Recipe()), "data": {}}
    del old["recipe"]["compute"], old["recipe"]["loss"]["gan"]
    (tmp_path / "config.json").write_text(json.dumps(old))
    RunDirectory(tmp_path).refuse_another({"recipe": identity(Recipe()), "data": {}})


def test_workers_need_jax_and_a_meeting_place(command, tmp_path, capsys):
    assert main(command(tmp_path / "run", "--workers", "2")) == 2
    assert "--backend jax and --coordinator" in capsys.readouterr().err


def test_a_dry_run_measures_and_writes_nothing(command, tmp_path, capsys, monkeypatch):
    from facetoon.training.runs import dry_run

    monkeypatch.setattr(dry_run, "MEASURE_S", 0.1)
    assert main(command(tmp_path / "run", "--dry-run")) == 0
    told = capsys.readouterr().out
    for word in (
        "parameters",
        "multiply-adds",
        "steps a second",
        "waiting for data",
        "resident",
        "minutes here",
        "hours here",
    ):
        assert word in told
    assert not (tmp_path / "run").exists()


def test_a_run_begins_with_the_networks_of_another(command, tmp_path, capsys):
    none = ["--set", "optimizer.learning_rate_generator=0", "--set", "optimizer.learning_rate_discriminator=0"]
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(command(first, "--set", "steps=3")) == 0
    assert main(command(second, "--set", "steps=1", "--set", "seed=2", *none, "--init", str(first))) == 0
    for direction in ("ab", "ba"):
        taught = checkpoint.load_generator(first, direction).get_weights()
        for a, b in zip(taught, checkpoint.load_generator(second, direction).get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    values = [checkpoint.network_values(run / "checkpoints", "disc_") for run in (first, second)]
    assert values[0].keys() == {"disc_a", "disc_b"}
    for name in values[0]:
        assert all(np.array_equal(a, b) for a, b in zip(values[0][name], values[1][name], strict=True))
    wider = ["--set", "generator.filters=8", "--init", str(first)]
    assert main(command(tmp_path / "third", *wider)) == 2
    assert "has another layout" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence_and_keeps_the_checkpoint(command, tmp_path, capsys, monkeypatch):
    run, options = tmp_path / "run", ["--set", "steps=4", "--set", "checkpoint_every=2"]
    write, writes = np.savez, []

    def savez(file, **arrays):
        writes.append(arrays["step"])
        if arrays["step"] == 4:
            raise OSError(28, "No space left on device")
        write(file, **arrays)

    monkeypatch.setattr(np, "savez", savez)
    assert main(command(run, *options)) == 2
    assert "is full" in capsys.readouterr().err.splitlines()[-1]
    assert [p.name for p in (run / "checkpoints").iterdir()] == ["step-00000002.npz"]
    monkeypatch.undo()
    assert main(command(run, *options)) == 0


def test_a_best_metric_that_is_not_measured_is_one_sentence(command, tmp_path, capsys):
    assert main(command(tmp_path / "run", "--set", "steps=1", "--set", "best_metric=beauty")) == 2
    assert "measures test_cycle" in capsys.readouterr().err.splitlines()[-1]


def test_a_checkpoint_of_other_networks_is_one_sentence(command, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(command(run, "--set", "steps=1")) == 0
    path = next((run / "checkpoints").iterdir())
    with np.load(path) as arrays:
        values = {name: value for name, value in arrays.items() if name != "variable/0000"}
    np.savez(path, **values)
    assert main(command(run, "--set", "steps=2")) == 2
    assert "belongs to other networks" in capsys.readouterr().err.splitlines()[-1]
