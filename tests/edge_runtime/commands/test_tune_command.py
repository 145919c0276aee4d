from __future__ import annotations

import tomllib

from facetoon.edge_runtime.__main__ import main


def test_it_measures_and_writes_a_file_that_toml_reads(tmp_path, tiny_model, capsys):
    out = tmp_path / "facetoon.toml"
    command = ["tune", "--model", str(tiny_model), "--write", str(out)]
    assert main([*command, "--target-fps", "0.5"]) == 0
    assert tomllib.loads(out.read_text("utf-8")) == {
        "model": [str(tiny_model.resolve())],
        "threads": 1,
        "search-every": 15,
    }
    assert "tiny-32.tflite with 1 threads takes" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["facetoon.toml"]


def test_a_rate_that_no_model_keeps_is_one_sentence_and_no_file(tmp_path, tiny_model, capsys):
    out = tmp_path / "facetoon.toml"
    assert main(["tune", "--model", str(tiny_model), "--write", str(out), "--target-fps", "1000"]) == 2
    assert "toon-live: No model here keeps 1000 frames/s" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
