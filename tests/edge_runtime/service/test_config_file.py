from __future__ import annotations

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
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, text, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        parse(tmp_path, text)


def test_a_missing_file_is_one_sentence(capsys):
    assert main(["--config", "nowhere.toml"]) == 2
    assert "nowhere.toml cannot be read: No such file" in capsys.readouterr().err
