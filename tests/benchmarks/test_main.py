import gc
import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.measure import FRAME, MODEL, read_result
from edge_runtime.timing import STAGES

TINY = Path(__file__).parents[1] / "data" / "tiny-32.tflite"
QUICK = ["--runs", "3", "--seconds", "0.05", "--threads", "1"]
MEASURED = [name for name in STAGES if name != "decode"]  # the demo film is drawn, not decoded


def refusal(capsys, *arguments):
    """Run, expect exit status 2 and one line on stderr, and give that line."""
    assert main(["run", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("toon-bench: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_model_is_measured_and_the_result_loads_back(tmp_path, capsys):
    out = tmp_path / "tiny.json"
    assert main(["run", str(TINY), *QUICK, "--json", str(out)]) == 0
    result = read_result(out)
    assert list(result.stages) == [*MEASURED, MODEL, FRAME]
    assert all(stage.count >= 3 for stage in result.stages.values())
    assert (result.model.name, result.model.size_px) == ("tiny-32", 32)
    assert result.model.file_bytes == TINY.stat().st_size
    assert len(result.model.sha256) == 64
    assert result.runtime.startswith("ai-edge-litert ")
    assert (result.threads, result.warm_up_runs >= 10) == (1, True)
    assert min(result.load_ms, result.first_inference_ms, result.frames_per_s, result.peak_memory_mb) > 0
    assert gc.isenabled()
    text = capsys.readouterr().out
    assert "p95 ms" in text
    assert text.splitlines()[-1].startswith("| ")
    assert "tiny-32 | static_wi8_ai8 | ai-edge-litert" in text.splitlines()[-1]


def test_json_on_standard_output_stands_alone(capsys):
    assert main(["run", str(TINY), *QUICK, "--json", "-"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["schema"] == 1
    assert all(values["stages"][name]["count"] >= 3 for name in (*MEASURED, MODEL, FRAME))


def test_a_missing_file_is_named(tmp_path, capsys):
    assert "none.tflite" in refusal(capsys, tmp_path / "none.tflite")


@pytest.mark.parametrize("name", ["picture.tflite", "picture.png"])
def test_a_foreign_file_is_refused(tmp_path, capsys, name):
    path = tmp_path / name
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 10)
    assert name in refusal(capsys, path)


def test_an_unwritable_destination_is_refused_before_measuring(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.measure.measure", lambda *_: pytest.fail("measured for nothing"))
    assert "no-such-folder" in refusal(capsys, TINY, "--json", tmp_path / "no-such-folder" / "out.json")


@pytest.mark.parametrize(
    "option",
    [("--threads", 0), ("--threads", -4), ("--runs", 0), ("--seconds", -1), ("--seconds", "inf"), ("--seconds", "nan")],
)
def test_counts_that_measure_nothing_are_refused(capsys, option):
    assert "cannot be measured" in refusal(capsys, TINY, *option)


def test_an_interruption_is_no_traceback(capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmarks.measure.measure", interrupt)
    assert main(["run", str(TINY)]) == 130
    assert capsys.readouterr().err.count("\n") == 1
