from __future__ import annotations

from dataclasses import replace

import cv2
import onnx
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.__main__ import main
from facetoon.convert.debug.ranking import OperatorError
from facetoon.convert.debug.ranking_report import ranking_plot
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import read_model, write_model


@pytest.fixture(scope="module")
def toon_onnx(run, few, tmp_path_factory):
    out = tmp_path_factory.mktemp("debug") / "toon.onnx"
    assert main(["build", str(run), "--out", str(out), *few]) == 0
    return out


@pytest.mark.parametrize("finer", ["float", "int16"])
def test_an_onnx_file_is_ranked_and_its_worst_made_finer(toon_onnx, run, few, tmp_path, capfd, finer):
    command = ["debug", str(toon_onnx), "--run", str(run), "--out", str(tmp_path), *few]
    assert main([*command, "--finer", finer, "--apply", "4"]) == 0
    ranking, steps = (part.splitlines()[2:] for part in capfd.readouterr().out.split("\n\n")[:2])
    ratios = [float(line.split("|")[2]) for line in ranking]
    assert ratios == sorted(ratios)
    assert all(5 < ratio < 80 for ratio in ratios)
    assert "Conv" in {line.split("|")[1].strip() for line in ranking}
    rows = [[float(cell) for cell in line.strip("| ").split("|")] for line in steps]
    assert (tmp_path / "toon.onnx.debug.md").exists()  # apart from a .tflite's of this name
    applied = tmp_path / f"toon.4{finer}.onnx"
    assert open_session(applied).spec.recipe.endswith(f"+4{finer}")
    if finer == "float":  # the operators before and after it still round their outputs
        assert unpacked(applied) < unpacked(toon_onnx)
    else:
        assert rows[-1][1] > rows[0][1]


def unpacked(path):
    """How many tensors, weights too, are stored as integers."""
    nodes = onnx.load_from_string(read_model(path)[0]).graph.node
    return sum(node.op_type == "DequantizeLinear" for node in nodes)


@pytest.mark.parametrize("finer", ["float", "int16"])
def test_operators_are_ranked_and_the_worst_made_finer(toon, run, few, tmp_path, capfd, finer):
    command = ["debug", str(toon), "--run", str(run), "--out", str(tmp_path), *few]
    assert main([*command, "--finer", finer, "--apply", "4"]) == 0
    text = capfd.readouterr().out
    assert text.startswith((tmp_path / "toon.debug.md").read_text())
    ranking, steps = (part.splitlines()[2:] for part in text.split("\n\n")[:2])
    ratios = [float(line.split("|")[2]) for line in ranking]
    assert len(ratios) >= 4
    assert ratios == sorted(ratios)
    rows = [[float(cell) for cell in line.strip("| ").split("|")] for line in steps]
    assert [row[0] for row in rows] == [0, 1, 2, 4]
    assert rows[-1][1] > rows[0][1]  # finer operators bring the file nearer to float
    assert cv2.imread(str(tmp_path / "toon.debug.png")).shape[0] > 50
    applied = tmp_path / f"toon.4{finer}.tflite"
    assert open_session(applied).spec.recipe == f"static_wi8_ai8+4{finer}"
    assert main(["verify", str(applied), "--run", str(run), *few]) == 0


def test_the_worst_operator_has_the_shortest_bar():
    image = ranking_plot([OperatorError("CONV_2D", "a", 10.0), OperatorError("ADD", "b", 50.0)])
    lengths = [(image[row * 18 + 8] != 255).any(axis=1)[260:690].sum() for row in (0, 1)]
    assert lengths[0] < lengths[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--apply", "3"], "--apply takes one of 0, 1, 2, 4, 8"),
        (["--out", "none"], "none"),
    ],
)
def test_bad_requests_are_said(toon, run, tmp_path, capfd, arguments, sentence):
    assert main(["debug", str(toon), "--run", str(run), "--out", str(tmp_path), *arguments]) == 2
    printed = capfd.readouterr().err
    assert sentence in printed
    assert printed.count("\n") == 1


def test_a_float_file_has_nothing_to_debug(toon, run, tmp_path, capfd):
    model, spec = read_model(toon)
    out = tmp_path / "float.tflite"
    write_model(out, model, replace(spec, recipe="float32"))
    assert main(["debug", str(out), "--run", str(run), "--out", str(tmp_path)]) == 2
    assert "only static_wi8_ai8" in capfd.readouterr().err
