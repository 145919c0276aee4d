"""A student learns from anyone's file, resumes exactly, and does not ask a slow teacher twice."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.training.__main__ import main
from facetoon.training.foreign.foreign_generator import ForeignGenerator
from facetoon.training.foreign.foreign_teacher import is_foreign
from facetoon.training.networks.teacher import InstanceNorm
from facetoon.training.runs import dry_run
from facetoon.training.trainers.distill_trainer import Distillation


@pytest.fixture
def distil(drawn, small, tmp_path, capsys):
    """A function: distils to the run `name` and returns exit status and error text."""

    def train(name, *flags, steps=8):
        command = ["distill", "--photos", str(drawn / "photos"), *small, "--run", str(tmp_path / name), *flags]
        status = main([*command, "--set", f"steps={steps}", "--set", "checkpoint_every=4"])
        return status, capsys.readouterr().err

    return train


def weights(run):
    with np.load(sorted((run / "checkpoints").glob("*.npz"))[-1]) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("kind", ["tflite", "onnx"])
def test_distil_from_a_file_killed_and_resumed(kind, tflite, save_onnx, distil, tmp_path, monkeypatch):
    file = save_onnx(tmp_path / "negative.onnx", ("n", 3, "h", "w")) if kind == "onnx" else tflite
    flags = ["--teacher", f"paint={file}", "--teacher-range", "paint=-1..1"]
    flags += ["--teacher-size", "paint=16"] if kind == "onnx" else []
    assert distil("whole", *flags) == (0, "")
    step = Distillation.step

    def killed(trainer, index, *batch):
        if index == 6:
            raise KeyboardInterrupt
        return step(trainer, index, *batch)

    monkeypatch.setattr(Distillation, "step", killed)
    assert distil("broken", *flags)[0] == 130
    monkeypatch.setattr(Distillation, "step", step)
    monkeypatch.setattr(ForeignGenerator, "translate", None)  # its cartoons are on the disk
    assert distil("broken", *flags) == (0, "")
    whole, broken = weights(tmp_path / "whole"), weights(tmp_path / "broken")
    assert whole.keys() == broken.keys()
    assert all(np.array_equal(value, broken[name]) for name, value in whole.items())


def test_a_student_learns_it_and_the_run_remembers_it(tflite, distil, tmp_path):
    file = tmp_path / "negative.tflite"
    file.write_bytes(tflite.read_bytes())
    flags = ["--teacher", str(file), "--teacher-range=-1..1"]
    assert distil("run", *flags, steps=100)[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["l1"] < 0.8 * lines[0]["l1"]
    told = json.loads((tmp_path / "run/config.json").read_text())["teacher"]
    assert len(told.pop("sha256")) == 64
    assert told == {"file": "negative.tflite", "input_range": "-1..1", "output_range": "-1..1", "size_px": 16}
    status, error = distil("run", "--teacher", str(file), "--teacher-range=-1..1,-2..2", steps=100)
    assert status == 2
    assert '"output_range": "-1..1"' in error
    file.write_bytes(file.read_bytes() + b"\0")
    status, error = distil("run", *flags, steps=100)
    assert status == 2
    assert "belongs to another configuration" in error
    assert '"sha256": ' in error


def test_a_dry_run_keeps_nothing_and_asks_for_a_few_cartoons(tflite, distil, tmp_path, monkeypatch):
    asked, translate = [], ForeignGenerator.translate
    monkeypatch.setattr(dry_run, "MEASURE_S", 0.1)
    monkeypatch.setattr(
        ForeignGenerator, "translate", lambda self, images: asked.append(images) or translate(self, images)
    )
    flags = ["--teacher", str(tflite), "--teacher-range=-1..1", "--set", "batch_size=2", "--dry-run"]
    assert distil("run", *flags)[0] == 0
    assert 0 < sum(map(len, asked)) <= dry_run.TAUGHT_BATCHES * 2
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ([], "does not say the range of values of its input and output: state it with --teacher-range, such as"),
        (["--teacher-range", "oil=0..1"], "--teacher-range oil=0..1 names no --teacher"),
        (["--teacher-range=-1..1", "--teacher-size", "32"], "takes pictures of 16 px, not 32"),
        (["--teacher-range=-1..1", "--set", "distill.feature_weight=1"], "negative.tflite has no features"),
    ],
)
def test_bad_input_is_one_sentence(flags, sentence, tflite, distil, tmp_path):
    status, error = distil("run", "--teacher", f"paint={tflite}", *flags)
    assert status == 2
    assert sentence in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_range_is_not_for_a_teacher_of_this_kit(distil, tmp_path):
    status, error = distil("run", "--teacher", "draw:toon", "--teacher-range", "0..1")
    assert (status, "draw:toon is this kit's own: it takes no --teacher-range" in error) == (2, True)


def test_a_keras_file_is_this_kits_in_a_run_or_with_its_layers(tmp_path):
    (tmp_path / "run/best").mkdir(parents=True)
    (tmp_path / "run/config.json").write_text("{}")
    image = keras.Input((8, 8, 3))
    for place, foreign in (("run/a.keras", False), ("run/best/a.keras", False), ("a.keras", True)):
        keras.Model(image, keras.layers.Rescaling(1.0)(image)).save(tmp_path / place)
        assert is_foreign(tmp_path / place) is foreign
    keras.Model(image, InstanceNorm()(image)).save(tmp_path / "ours.keras")
    (tmp_path / "damaged.keras").write_bytes(b"PK")
    assert not is_foreign(tmp_path / "ours.keras")
    assert is_foreign(tmp_path / "damaged.keras")
    assert not is_foreign(tmp_path / "run")
