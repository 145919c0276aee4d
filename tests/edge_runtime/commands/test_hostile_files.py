"""Files that attacked earlier versions, and pictures of odd sizes, through the real program."""

from __future__ import annotations

import resource
import subprocess
import sys

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.__main__ import main
from facetoon.edge_runtime.service import logs

MODELS = ("C-obj5-ts-06411", "C-resize-t-06753", "C-resize-ts-06764")
PICTURES = ("g30000", "p-00506", "p-00365")
MOST_MB = 500


@pytest.fixture
def hostile(shared_data):
    folder = shared_data.parent / "cases" / "hostile_files"
    if not folder.is_dir():
        pytest.skip("the hostile files are not beside FACETOON_DATA")
    return folder


def refused(tmp_path, *flags):
    """Run toon-live; check that it refuses in one sentence within the memory, and return the sentence."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    command = [sys.executable, "-m", "facetoon.edge_runtime", *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    sentence = done.stderr.splitlines()[-1]  # a warning may stand before it
    assert max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before, 0) / 1024 < MOST_MB
    return sentence


@pytest.mark.shared_data
@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_crashed_or_took_all_memory_is_refused(hostile, tmp_path, name):
    sentence = refused(tmp_path, "--headless", "--model", hostile / f"{name}.tflite")
    assert "is a damaged TFLite model" in sentence


@pytest.mark.shared_data
@pytest.mark.parametrize("flag", ["--source", "--background"])
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_took_all_memory_or_time_is_refused(hostile, tmp_path, name, flag):
    sentence = refused(tmp_path, "--headless", flag, hostile / f"{name}.png")
    assert "is too large" in sentence or "is cut short" in sentence


@pytest.mark.parametrize("mode", ["face", "frame"])
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
def test_a_picture_of_an_odd_size_is_drawn_at_its_size_and_recorded(monkeypatch, tmp_path, tiny_model, size, mode):
    monkeypatch.setattr(logs, "set_up", lambda style: None)  # it would take pytest's own handlers off
    path = tmp_path / "in" / "odd.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), np.full((*size, 3), 90, np.uint8))
    flags = ["--model", str(tiny_model), "--mode", mode]
    assert main(["photos", str(path), "--out", str(tmp_path), *flags]) == 0
    assert cv2.imread(str(tmp_path / "odd.png")).shape == (*size, 3)
    assert main(["--headless", "--source", str(path), "--record", str(tmp_path / "out.mp4"), *flags]) == 0
    assert (tmp_path / "out.mp4").stat().st_size > 500
