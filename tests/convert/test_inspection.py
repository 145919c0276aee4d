from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.__main__ import main
from facetoon.convert.formats.tflite_metadata import with_metadata
from facetoon.convert.inspection import inspect
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL
from facetoon.edge_runtime.spec import read_model

TINY = Path(__file__).parents[1] / "data"
MACS = 32 * 32 * 3 * 3  # of the tiny model: one 1x1 convolution


@pytest.mark.parametrize("name", ["tiny-32.tflite", "tiny-32.onnx"])
def test_our_card_holds_shapes_operators_and_spec(name, capsys):
    assert main(["inspect", str(TINY / name)]) == 0
    text = capsys.readouterr().out
    assert "(1, 32, 32, 3)" in text
    assert "multiply-accumulates: 0.0 million" in text
    assert 'name: "tiny-32"' in text
    assert inspect(TINY / name).macs == MACS
    assert ("opset: ai.onnx" in text) == name.endswith("onnx")


def test_scales_and_delegation_of_int8():
    card = inspect(TINY / "tiny-32.tflite")
    assert "int8, scale 0.00784314, zero point -1" in card.inputs[0]
    assert card.delegation["partitions"] == 1


def test_the_shipped_model_keeps_to_its_budget():
    assert 500e6 < inspect(DEFAULT_MODEL).macs < 600e6


@pytest.mark.parametrize("name", ["tiny-32.tflite", "tiny-32.onnx"])
def test_a_foreign_file_is_told_of_as_far_as_it_goes(name, tmp_path, capsys):
    foreign = tmp_path / name
    model, spec = read_model(TINY / name)
    is_tflite = name.endswith("tflite")
    foreign.write_bytes(with_metadata(model, replace(spec, author="Jo Doe")) if is_tflite else model)
    assert main(["inspect", str(foreign)]) == 0
    text = capsys.readouterr().out
    assert "another tool's file" in text
    assert ('author: "Jo Doe"' in text) == is_tflite


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.tflite", None, "cannot be read"),
        ("text.tflite", b"no model at all", "is neither a TFLite nor an ONNX model"),
        ("text.onnx", b"no model at all", "is not a model that onnxruntime can run"),
        ("model.bin", b"", "is neither"),
    ],
)
def test_other_files_are_said(name, content, sentence, tmp_path, capfd):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main(["inspect", str(tmp_path / name)]) == 2
    printed = capfd.readouterr().err
    assert sentence in printed
    assert printed.count("\n") == 1


def test_a_sound_file_holds(toon, run, few, capsys):
    assert main(["verify", str(toon), "--run", str(run), *few]) == 0
    assert "holds, static_wi8_ai8" in capsys.readouterr().out


def test_a_file_of_another_run_is_said(toon, run, few, tmp_path, capfd):
    other = shutil.copytree(run, tmp_path / "other")
    (other / "config.json").write_text((other / "config.json").read_text() + "\n")
    assert main(["verify", str(toon), "--run", str(other), *few]) == 2
    assert "was made from run" in capfd.readouterr().err


def test_a_file_that_no_longer_scores_fails(toon, run, few, capsys, monkeypatch):
    real = read_model(toon)[1].scores["psnr_mean_db"]
    monkeypatch.setattr(
        "facetoon.edge_runtime.pixels.to_tensor", lambda image, table: np.take(table, image // 16 * 16)[None]
    )
    assert main(["verify", str(toon), "--run", str(run), *few]) == 1
    printed = capsys.readouterr().out
    assert "fails" in printed
    assert f"says that its mean PSNR is {real} dB" in printed


def test_open_sizes_are_shown_as_open(any_size_tflite):
    card = inspect(any_size_tflite)
    assert card.inputs == ["in (1, any, any, 3) float32"]
    assert card.macs is None
    assert "unknown (dynamic shapes)" in card.to_text()
