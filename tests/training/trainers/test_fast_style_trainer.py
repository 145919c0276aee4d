from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.__main__ import main
from facetoon.training.runs.checkpoint import load_generator


def test_the_fast_version_learns_and_leaves_a_generator(drawn, vgg_file, tmp_path):
    red, blue = np.full((96, 4, 3), (30, 30, 230), np.uint8), np.full((96, 4, 3), (230, 30, 30), np.uint8)
    cv2.imwrite(str(tmp_path / "style.png"), np.hstack([red, blue] * 12))
    sets = ["data.size_px=32", "student.stem_filters=16", "student.filters=16", "student.blocks=1", "batch_size=4"]
    sets += ["steps=120", "checkpoint_every=120", "sample_every=120", "fast_style.style_px=96"]
    given = ["--photos", str(drawn / "photos"), "--style", str(tmp_path / "style.png"), "--vgg-weights", str(vgg_file)]
    options = [part for value in sets for part in ("--set", value)]
    run = tmp_path / "run"
    assert main(["fast-style", *given, "--run", str(run), *options]) == 0
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert load_generator(run).name == "student"
    assert {"vgg_sha256", "styles_sha256"} <= set(json.loads((run / "config.json").read_text()))
