"""Whole measurements of several files, ours and other projects'."""

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest

from facetoon.benchmarks.__main__ import main
from facetoon.benchmarks.measuring.bench_plan import Plan
from facetoon.benchmarks.measuring.measure import measure
from facetoon.benchmarks.measuring.worker import Worker
from facetoon.benchmarks.opening.variant import Variant
from facetoon.benchmarks.results.result_file import read_result
from facetoon.benchmarks.roofline.device_peaks import Peaks

DATA = Path(__file__).parents[2] / "data"
ONNX = Variant("onnxruntime", 1, None)
needs_onnxruntime = pytest.mark.skipif(not find_spec("onnxruntime"), reason="needs pip install 'facetoon[onnx]'")


@needs_onnxruntime
def test_ours_and_theirs_of_both_kinds_run_side_by_side(stripped, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "facetoon.benchmarks.measuring.result_figures.measure_peaks", lambda *key: Peaks(*key, 10, 10, {1: 10})
    )  # to be quick
    files = [DATA / "tiny-32.tflite", DATA / "tiny-32.onnx", stripped("tiny-32.onnx")]
    quick = ["--runs", "6", "--seconds", "0.05", "--threads", "1", "--rounds", "3"]
    assert main(["run", *map(str, files), *quick, "--range=-1..1", "--save"]) == 0
    results = {path.name: read_result(path) for path in Path("benchmarks/results").glob("*/*.json")}
    assert set(results) == {"tiny-32.json", "tiny-32-onnx.json", "other-tiny-32-onnx.json"}
    assert [one.label for one in results["tiny-32-onnx.json"].variants] == ["onnxruntime, 1 thread"]
    theirs = results["other-tiny-32-onnx.json"]
    assert (theirs.model.foreign, theirs.model.value_range, theirs.pipeline) == (True, (-1, 1), None)
    assert results["tiny-32-onnx.json"].pipeline is not None
    assert len({one.other_cores for one in results.values()}) == 1  # one measurement
    lines = [line for line in capsys.readouterr().out.splitlines() if " x " in line and "95 %" in line]
    assert [line.split()[0] for line in lines] == [path.name for path in files[1:]]


@needs_onnxruntime
def test_a_process_that_dies_leaves_the_others_measured(monkeypatch):
    ask = Worker.ask

    def kill_first(worker, what, *arguments):
        if what == "round" and worker.variant == ONNX:
            os.kill(worker.pid, signal.SIGKILL)
        return ask(worker, what, *arguments)

    monkeypatch.setattr(Worker, "ask", kill_first)
    plan = Plan(("litert", "onnxruntime"), runs=6, seconds=0.05, rounds=2, pipeline=False, peaks=False)
    told = []
    results = measure([DATA / "tiny-32.onnx", DATA / "tiny-32.tflite"], plan, told.append)
    assert [result.model.file for result in results] == ["tiny-32.tflite"]
    assert "onnxruntime, 1 thread died with status -9 while asked to round tiny-32.onnx." in told
