from __future__ import annotations

import tomllib

import pytest

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


def test_what_the_configuration_held_stays(tmp_path, tiny_model):
    out = tmp_path / "facetoon.toml"
    out.write_text(
        '# Our stall.\nsource = "rtsp://cam/1"  # the left one\ntoken = "0123456789abcdef"\n'
        'model = [\n  "old.tflite",\n]\nthreads = 4\nstyle = "anime"\n# threads = 3\n'
    )
    out.chmod(0o600)
    for _ in range(2):
        assert main(["tune", "--model", str(tiny_model), "--write", str(out), "--target-fps", "0.5"]) == 0
    text = out.read_text("utf-8")
    assert text.startswith('# Our stall.\nsource = "rtsp://cam/1"  # the left one\ntoken = "0123456789abcdef"\nstyle')
    assert text.count("Measured by toon-live tune") == 1
    assert tomllib.loads(text) == {
        "source": "rtsp://cam/1", "token": "0123456789abcdef", "style": "anime",
        "model": [str(tiny_model.resolve())], "threads": 1, "search-every": 15,
    }  # fmt: skip
    assert out.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["threads = ", "[table]\na = 1\n", "\udcff"])
def test_a_configuration_that_is_none_stays_as_it_is(tmp_path, tiny_model, capsys, text):
    out = tmp_path / "facetoon.toml"
    out.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert main(["tune", "--model", str(tiny_model), "--write", str(out), "--target-fps", "0.5"]) == 2
    assert "The configuration" in capsys.readouterr().err
    assert out.read_bytes() == text.encode("utf-8", "surrogateescape")
