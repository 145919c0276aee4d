from __future__ import annotations

import json

import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.__main__ import main
from facetoon.convert.formats.quantization import RECIPES, Thresholds
from facetoon.edge_runtime.spec import read_model

OUTPUT_FORMATS = [(".tflite", "float"), (".onnx", "int16")]


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "finer"), OUTPUT_FORMATS)
def test_the_fastest_file_that_reaches_the_target_is_kept(run, few, tmp_path, capfd, suffix, finer):
    out, target_db = tmp_path / f"toon{suffix}", 48.0  # beyond static int8, so its worst operators become finer
    assert main(["build", str(run), "--out", str(out), "--target-db", str(target_db), *few]) == 0
    printed = capfd.readouterr()
    assert f"+1{finer}: " in printed.err
    report = json.loads((tmp_path / f"{out.name.removesuffix('.tflite')}.report.json").read_text())
    rows = {row["way"]: row for row in report["tried"]}
    assert {"float32", "float16", "static_wi8_ai8"} <= rows.keys()
    assert any(way.endswith(f"+1{finer}") for way in rows)
    assert rows["static_wi8_ai8"]["result"] == "missed"
    (kept,) = (row for row in rows.values() if row["result"] == "kept")
    reaching = [row for row in rows.values() if row["result"] in ("kept", "reached")]
    assert kept["latency_ms"] == min(row["latency_ms"] for row in reaching)
    assert all(row["psnr_mean_db"] >= target_db for row in reaching)
    spec = read_model(out)[1]
    assert spec.recipe == kept["way"] == report["spec"]["recipe"]
    assert spec.scores["psnr_mean_db"] == kept["psnr_mean_db"]
    assert spec.scores["target_db"] == target_db
    assert bool(spec.calibration) == kept["way"].startswith("static")
    assert f"| {kept['way']} |" in printed.out
    assert main(["verify", str(out), "--run", str(run), *few]) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--target-db", "40", "--recipe", "float32"], "chooses the recipe itself"),
        (["--target-db", "40", "--all"], "chooses the recipe itself"),
        (["--target-db", "0"], "above 0 and up to 60 dB, not 0"),
        (["--target-db", "nan"], "above 0 and up to 60 dB, not nan"),
    ],
)
def test_bad_targets_are_said(run, tmp_path, capfd, arguments, sentence):
    assert main(["build", str(run), "--out", str(tmp_path / "toon.tflite"), *arguments]) == 2
    printed = capfd.readouterr().err
    assert sentence in printed
    assert printed.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_thresholds_of_a_target_are_near_those_of_the_recipes():
    for recipe in RECIPES.values():
        limits = Thresholds.of_target(recipe.thresholds.psnr_mean_db)
        assert abs(limits.psnr_5th_percentile_db - recipe.thresholds.psnr_5th_percentile_db) <= 1
        assert abs(limits.ssim_mean - recipe.thresholds.ssim_mean) < 0.002
