"""Which files `toon-bench run` measures together, and where their results go."""

import dataclasses

import pytest

from facetoon.benchmarks.__main__ import main
from facetoon.benchmarks.results.result_file import read_result
from facetoon.edge_runtime.sessions.session import shipped_generators


@pytest.fixture
def groups(monkeypatch, result):
    """The groups of files that are measured; each file gets a made-up result."""
    seen = []

    def measure(paths, plan, tell):
        seen.append([path.name for path in paths])
        return [dataclasses.replace(result, model=dataclasses.replace(result.model, file=path.name)) for path in paths]

    monkeypatch.setattr("facetoon.benchmarks.measuring.measure.measure", measure)
    return seen


def test_shipped_generators_are_measured_one_after_another(groups, tmp_path, monkeypatch, tiny_model):
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(tiny_model), "styles-64", "--shipped", "--save"]) == 0
    assert groups[0] == ["tiny-32.tflite", "styles-64.tflite"]
    shipped = [path.name for path in shipped_generators()]
    assert "styles-128.tflite" in shipped
    assert "face-tracker.tflite" not in shipped
    assert groups[1:] == [[name] for name in shipped]
    folder = tmp_path / "benchmarks" / "results" / "raspberry-pi-4-model-b-rev-1-4-cortex-a72"
    assert {read_result(path).model.file for path in folder.iterdir()} == {"tiny-32.tflite", *shipped}
    assert (folder / "styles-64.json").is_file()


def test_json_on_standard_output_is_all_that_is_printed(groups, tmp_path, monkeypatch, tiny_model, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(tiny_model), "--json", "-"]) == 0
    out = tmp_path / "printed.json"
    out.write_text(capsys.readouterr().out)
    assert read_result(out).model.file == "tiny-32.tflite"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], "Name a model file"), (["a.tflite", "b.tflite", "--json", "out.json"], "--json takes one model file")],
)
def test_too_few_and_too_many_files_are_refused(groups, arguments, words, capsys):
    assert main(["run", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert groups == []
