import json
import shutil
import sys
from pathlib import Path

import pytest

from facetoon.benchmarks.__main__ import main
from facetoon.benchmarks.measuring.stage_times import instrument_cost_ms
from facetoon.benchmarks.results.result_file import read_result
from facetoon.benchmarks.roofline.matrix_models import product_model
from facetoon.edge_runtime.timing import STAGES

TINY = Path(__file__).parents[1] / "data" / "tiny-32.tflite"
QUICK = ["--runs", "6", "--seconds", "0.05", "--threads", "1", "--rounds", "2", "--runtime", "litert"]


def refusal(capsys, *arguments):
    """Run, expect exit status 2, and give the last line of stderr."""
    assert main([*map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    line = captured.err.splitlines()[-1]
    assert line.startswith("toon-bench: ")
    return line


def test_a_model_is_measured_and_the_result_loads_back(tmp_path, capsys):
    out = tmp_path / "tiny.json"
    assert main(["run", str(TINY), *QUICK, "--profile", "--cooling", "none", "--json", str(out)]) == 0
    result = read_result(out)
    assert [one.label for one in result.variants] == ["litert, 1 thread", "litert, 1 thread, XNNPACK off"]
    for one in result.variants:
        assert one.stages["infer"].count >= 6
        assert len(one.stages["infer"].round_p50_ms) == 2
        assert one.peak_memory_mb >= one.steady_memory_mb > 10
        assert min(one.load_ms, one.first_inference_ms) > 0
    assert set(result.pipeline.stages) == {*STAGES, "frame"}
    assert result.pipeline.live_frames_per_s > 0
    assert (result.model.name, result.model.foreign, result.device.cooling) == ("tiny-32", False, "none")
    assert result.fastest.stages["infer"].p50_ms > 0
    assert result.peaks["litert, 1"]["int8_gmac_per_s"] > 0
    assert [row["op"] for row in result.profile].count("CONV_2D") == 1
    text = capsys.readouterr().out
    assert "XNNPACK off" in text
    assert "| tiny-32 (static_wi8_ai8) |" in text
    assert str(Path.home()) not in out.read_text()
    assert str(tmp_path) not in out.read_text()


def test_a_foreign_float_model_is_not_guessed_at(tmp_path, capsys):
    path = tmp_path / "float.tflite"
    path.write_bytes(product_model("float32", 32))
    assert "not one picture" in refusal(capsys, "run", path, *QUICK)


@pytest.mark.parametrize("text", ["1", "a..b", "1..1", "0..nan", "0..inf", "-1,1"])
@pytest.mark.parametrize("option", ["--range", "--output-range"])
def test_an_odd_range_is_refused(capsys, option, text):
    assert option in refusal(capsys, "run", TINY, *QUICK, f"{option}={text}")


def test_one_bad_file_leaves_the_others_measured(tmp_path, capsys):
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(b"\0\0\0\0TFL3" + bytes(100))
    assert main(["run", str(bad), str(TINY), *QUICK]) == 2
    captured = capsys.readouterr()
    assert "bad.tflite" in captured.err
    assert "| tiny-32" in captured.out


def test_a_missing_file_is_named(tmp_path, capsys):
    assert "none.tflite" in refusal(capsys, "run", tmp_path / "none.tflite")


def test_an_unwritable_destination_is_refused_before_measuring(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("facetoon.benchmarks.measuring.measure.measure", lambda *_: pytest.fail("measured for nothing"))
    assert "no-such-folder" in refusal(capsys, "run", TINY, "--json", tmp_path / "no-such-folder" / "out.json")


@pytest.mark.parametrize(
    "option",
    [("--threads", 0), ("--runs", 0), ("--rounds", 0), ("--seconds", -1), ("--seconds", "inf"), ("--seconds", "nan")],
)
def test_counts_that_measure_nothing_are_refused(capsys, option):
    assert "cannot be measured" in refusal(capsys, "run", TINY, *option)


def test_an_interruption_is_no_traceback(capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("facetoon.benchmarks.measuring.measure.measure", interrupt)
    assert main(["run", str(TINY)]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_the_instruments_cost_less_than_ten_microseconds():
    assert 0 < instrument_cost_ms(1000) < 0.01


def test_sustained_writes_slices_and_plot(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("facetoon.benchmarks.measuring.sustained.SLICE_S", 0.02)  # many, on a busy machine too
    out, plot = tmp_path / "heat.json", tmp_path / "heat.svg"
    assert main(["sustained", str(TINY), "--minutes", "0.051", "--out", str(out), "--plot", str(plot)]) == 0
    assert len(json.loads(out.read_text())["slices"]) >= 3
    assert "<svg" in plot.read_text()
    assert "runs/s" in capsys.readouterr().out


def test_compare_table_and_submit_read_results(tmp_path, result, capsys):
    place = result.place(tmp_path)
    place.parent.mkdir()
    place.write_text(result.to_json())
    assert main(["compare", str(place), str(place)]) == 0
    assert main(["submit", str(place)]) == 0
    assert main(["table", "--results", str(tmp_path), "--html", str(tmp_path / "page.html")]) == 0
    assert "<svg" in (tmp_path / "page.html").read_text()
    assert "Title: Benchmark" in capsys.readouterr().out


def test_a_projection_runs_what_it_is_given(tmp_path, capsys):
    copy = Path(shutil.copy(TINY, tmp_path))
    assert main(["project", str(copy), "--board", "pi4", "--python", sys.executable]) == 0  # emulated by nothing
    text = capsys.readouterr().out
    assert text.startswith("Estimated, not measured")
    assert text.count("published int8 MobileNets") == text.count("x MobileNet") == 2
    assert "cannot be started" in refusal(capsys, "project", copy, "--board", "pi4", "--python", "no-such-program")
