"""Files of a student with a matte, from its run to inspection, in every format."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.__main__ import main
from facetoon.convert.inspection import inspect
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, read_model
from facetoon.training.runs.checkpoint import load_generator

SIZE_PX = 32


@pytest.fixture(scope="module")
def built(deep_run, few, tmp_path_factory) -> Path:
    """static_wi8_ai8 with live styles; random weights are no sound generator, so the verdict does not matter."""
    out = tmp_path_factory.mktemp("deep") / "deep.tflite"
    main(["build", str(deep_run), "--out", str(out), "--improve", "equalize,bn", "--keep", *few])
    return out


def spec_of(run: Path, out: Path, *options: str) -> ModelSpec:
    few = ["--calibration-images", "8", "--test-images", "2"]
    assert main(["build", str(run), "--out", str(out), *few, *options]) == 0
    return read_model(out)[1]


def test_a_matte_is_in_file_spec_and_card(built):
    session, card = open_session(built), inspect(built)
    tensor = session.infer(session.to_tensor(np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)))
    assert tensor.shape == (1, SIZE_PX, SIZE_PX, 4)
    assert session.to_matte(tensor).shape == (SIZE_PX, SIZE_PX)
    assert session.spec.matte
    assert session.spec.keeps_shape == ("paper",)
    assert card.delegation["partitions"] == 1
    assert not card.delegation["left"]
    assert "matte: true" in card.to_text()
    assert 'keeps_shape: ["paper"]' in card.to_text()


def test_the_report_lists_the_matte_and_each_style(built):
    scores = json.loads(built.with_suffix(".report.json").read_text())["spec"]["scores"]
    assert 0 < scores["matte_error_share"] < 0.1
    assert list(scores["styles"]) == ["paper", "toon"]
    assert {"psnr_mean_db", "ssim_mean", "matte_error_share"} <= scores["styles"]["toon"].keys()
    assert scores["test"]["images"] == 40  # ten in each style, although six were asked for
    text = built.with_suffix(".report.md").read_text()
    assert "| score | all pictures | toon | paper | wanted |" in text
    assert "| error of the matte (share) |" in text
    assert "| at most 0.02 |" in text
    assert cv2.imread(str(built.with_suffix(".worst.png"))).shape == (6 * SIZE_PX, 7 * SIZE_PX, 3)


def test_a_file_with_a_matte_is_measured_again_and_ranked(built, deep_run, few, tmp_path, capsys):
    command = ["verify", str(built), "--run", str(deep_run), *few]
    assert main(command) in (0, 1)
    assert "The file says" not in capsys.readouterr().out
    assert main(["debug", str(built), "--run", str(deep_run), "--out", str(tmp_path), *few]) == 0


@pytest.mark.parametrize("suffix", ["tflite", "onnx"])
def test_both_formats_draw_what_the_float_generator_draws(deep_run, tmp_path, suffix):
    spec = spec_of(deep_run, tmp_path / f"deep.{suffix}", "--recipe", "float32")
    assert spec.matte
    assert spec.scores["matte_error_share"] < 0.001
    session = open_session(tmp_path / f"deep.{suffix}")
    session.set_style([0.3, 0.7])
    noise = np.random.default_rng(1).integers(0, 256, (SIZE_PX, SIZE_PX, 3), np.uint8)
    tensor = session.to_tensor(noise)
    expected = load_generator(deep_run)([tensor, np.array([[0.3, 0.7]], np.float32)], training=False)
    assert np.abs(session.infer(tensor) - np.asarray(expected)).max() < 1e-3


@pytest.mark.parametrize(
    ("options", "keeping"),
    [
        (["--style", "paper"], ("paper",)),
        (["--style", "toon:0.5,paper:0.5"], ()),
        (["--style", "toon:0.5,paper:0.5", "--keeps-shape", "toon", "paper"], ("toon:0.5,paper:0.5",)),
        (["--keeps-shape", "toon"], ("toon",)),
    ],
)
def test_a_baked_mix_keeps_the_shape_if_every_style_in_it_does(deep_run, tmp_path, options, keeping):
    spec = spec_of(deep_run, tmp_path / "deep.tflite", "--recipe", "float32", *options)
    assert spec.matte
    assert spec.keeps_shape == keeping


def test_a_single_look_is_named_by_its_file(run, tmp_path):
    out = tmp_path / "oval.tflite"
    assert spec_of(run, out, "--recipe", "float32").keeps_shape == ()
    assert spec_of(run, out, "--recipe", "float32", "--keeps-shape", "oval").keeps_shape == ("oval",)


@pytest.mark.parametrize("name", ["manga", "deep"])
def test_a_style_that_the_generator_lacks_is_said(deep_run, tmp_path, capfd, name):
    assert main(["build", str(deep_run), "--out", str(tmp_path / "deep.tflite"), "--keeps-shape", name]) == 2
    assert capfd.readouterr().err == (f"toon-convert: --keeps-shape names {name}; this generator has toon, paper.\n")
    assert list(tmp_path.iterdir()) == []
