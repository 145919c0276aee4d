from __future__ import annotations

import os
import re

import pytest

from facetoon.edge_runtime.__main__ import build_parser, main
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.service.config_file import EXAMPLE, with_config


def parse(tmp_path, text, *argv):
    path = tmp_path / "facetoon.toml"
    path.write_text(text, "utf-8")
    return with_config(build_parser(), ["--config", str(path), *argv])


def test_the_file_sets_flags_and_the_command_line_has_the_last_word(tmp_path):
    text = (
        'source = "2"\nport = 9000\nheadless = true\nfast = false\nmodel = ["a.tflite", "b.onnx"]\nsize = "320x240"\n'
    )
    flags = parse(tmp_path, text, "--port", "1234", "--model=c.tflite")
    assert (flags.source, flags.port, flags.headless, flags.fast, flags.size) == (["2"], 1234, True, False, (320, 240))
    assert [str(path) for path in flags.model] == ["c.tflite"]
    assert [str(path) for path in parse(tmp_path, text).model] == ["a.tflite", "b.onnx"]


def test_every_flag_can_stand_in_the_file(tmp_path):
    actions = build_parser()._option_string_actions
    names = [name for name in actions if name.startswith("--") and name not in ("--help", "--version", "--config")]
    values = {"size": '"640x480"', "runtime": '"litert"', "log-format": '"json"', "turn": "90",
              "public-url": '"https://toon.example.org"'}  # fmt: skip
    for flag in names:
        name = flag.removeprefix("--")
        value = "true" if actions[flag].nargs == 0 else values.get(name, "1")
        parse(tmp_path, f"{name} = {value}\n")


def test_the_example_is_valid(tmp_path):
    assert parse(tmp_path, EXAMPLE).source == ["0"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sorce = '0'", "sets 'sorce', which is no flag"),
        ("headless = 'yes'", "it takes true or false"),
        ("port = true", "it takes text or a number"),
        ("port = [1, 2]", "it takes text or a number"),
        ("host = ['rtsp://admin:pw@cam']", "sets 'host' to a list; it takes text or a number"),
        ("port = ", "is not valid TOML"),
        ("config = 'other'", "which is no flag"),
        ("source = " + 30_000 * "[", "is nested too deep"),
        ("port = " + 5000 * "9", "is not valid TOML"),
        ('background = "a\\u0000b.png"', "sets 'background' to text with a control character"),
        ('host = "a\\u001b[2Jb"', "sets 'host' to text with a control character"),
        ("#" * 1_000_001, "is too large: it may have 1 MB"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, text, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        parse(tmp_path, text)


@pytest.mark.parametrize("value", [99999, "9" * 40, -1, "nan", 0.5])
@pytest.mark.parametrize("flag", ["port", "threads", "size", "frames", "keep-days", "smallest-face"])
def test_a_number_that_no_device_has_is_refused(tmp_path, capsys, flag, value):
    text = f"'{value}x4'" if flag == "size" else value
    if value == 99999 and flag in ("frames", "keep-days", "size", "smallest-face"):
        pytest.skip("not too many")
    with pytest.raises(SystemExit, match="2"):
        parse(tmp_path, f"{flag} = {text}")
    assert f"argument --{flag}: " in capsys.readouterr().err.splitlines()[-1]


def test_bytes_and_pipes_are_one_sentence(tmp_path):
    path = tmp_path / "facetoon.toml"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="is not valid TOML"):
        with_config(build_parser(), ["--config", str(path)])
    path.unlink()
    os.mkfifo(path)  # reading it would never end
    with pytest.raises(InputError, match="cannot be read: it is no regular file"):
        with_config(build_parser(), ["--config", str(path)])


def test_a_missing_file_is_one_sentence(capsys):
    assert main(["--config", "nowhere.toml"]) == 2
    assert "nowhere.toml cannot be read: No such file" in capsys.readouterr().err
