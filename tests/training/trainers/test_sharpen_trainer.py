from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.__main__ import main
from facetoon.training.runs.checkpoint import load_generator


@pytest.fixture
def teacher(drawn, tmp_path, small):
    run = tmp_path / "teacher"
    pictures = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons")]
    assert main(["cyclegan", *pictures, "--run", str(run), *small, "--set", "steps=2"]) == 0
    return run


@pytest.fixture
def sharpen(drawn, teacher, tmp_path, small):
    def run(*more):
        pictures = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons")]
        unet = ["--set", "generator.kind=unet", "--set", "generator.blocks=2"]
        return main(
            ["sharpen", "--teacher", str(teacher), *pictures, "--run", str(tmp_path / "run"), *small, *unet, *more]
        )

    return run


def test_a_sharpened_teacher_is_one_network_of_twice_the_size_to_distil_from(sharpen, teacher, drawn, tmp_path, small):
    size_px = load_generator(teacher).input_shape[1]
    assert sharpen("--set", f"data.size_px={2 * size_px}", "--set", "steps=40") == 0
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["l1"] < lines[0]["l1"]
    sharpened = load_generator(tmp_path / "run")
    assert sharpened.input_shape == sharpened.output_shape == (None, 2 * size_px, 2 * size_px, 3)
    # a picture that differs only in details below the small teacher's resolution is drawn the same
    flat = np.zeros((1, 2 * size_px, 2 * size_px, 3), np.float32)
    checked = flat.copy()
    checked[:, ::2, ::2], checked[:, 1::2, 1::2] = 0.5, -0.5
    np.testing.assert_allclose(sharpened(flat), sharpened(checked), atol=1e-5)
    given = ["--teacher", str(tmp_path / "run"), "--photos", str(drawn / "photos"), "--run", str(tmp_path / "student")]
    assert main(["distill", *given, *small, "--set", "steps=1", "--set", "distill.feature_weight=0.1"]) == 0


def test_a_size_that_is_no_multiple_of_the_teachers_is_one_sentence(sharpen, teacher, tmp_path, capsys):
    assert sharpen("--set", f"data.size_px={load_generator(teacher).input_shape[1]}") == 2
    assert "data.size_px must be" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
