from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from edge_runtime.errors import InputError
from training.__main__ import main
from training.checkpoint import load_generator
from training.student import DepthToSpace, SpaceToDepth, build_student


def test_depth_and_space_are_each_others_reverse():
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype("float32")
    folded = SpaceToDepth()(x)
    assert folded.shape == (2, 4, 4, 12)
    assert np.array_equal(DepthToSpace()(folded), x)


def test_a_students_answer_lies_in_range_and_has_the_inputs_shape():
    student = build_student(32, 16, 32, 2)
    out = np.asarray(student(np.random.default_rng(1).uniform(-1, 1, (2, 32, 32, 3)).astype("float32") * 50))
    assert out.shape == (2, 32, 32, 3)
    assert np.abs(out).max() <= 1


@pytest.mark.parametrize("sizes", [(30, 16, 32), (32, 8, 32), (32, 16, 40)])
def test_sizes_that_int8_kernels_would_pad_are_refused(sizes):
    with pytest.raises(InputError, match="multiple of 4 and the filters of 16"):
        build_student(*sizes, blocks=1)


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


def test_teacher_of_another_size_is_refused(drawn, tmp_path, small, capsys):
    photos = ["--photos", str(drawn / "photos")]
    teacher = str(tmp_path / "teacher")
    assert (
        main(["cyclegan", *photos, "--cartoons", str(drawn / "cartoons"), "--run", teacher, *small, "--set", "steps=1"])
        == 0
    )
    capsys.readouterr()
    assert (
        main(
            ["distill", *photos, "--teacher", teacher, "--run", str(tmp_path / "s"), *small, "--set", "data.size_px=32"]
        )
        == 2
    )
    assert "works at 16 px, the recipe at 32" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()
