"""Mutants of pictures, specs and configurations: an answer or one sentence, in bounded memory and time."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.__main__ import build_parser
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.tracker import PACKAGED, TrackerSpec, read_tracker
from facetoon.edge_runtime.picture_files import LIMIT_VARIABLE
from facetoon.edge_runtime.service.config_file import with_config
from facetoon.edge_runtime.service.reloading import settings_of
from facetoon.edge_runtime.spec import ModelSpec, read_model

KINDS = (".jpg", ".png", ".webp", ".gif", ".bmp", ".tiff", ".jp2", ".avif", ".ppm")
NASTY = (0, -1, 1e308, -1e308, 2**63, "", "x" * 10**5, "\0", "\x1b[2J", "\u202e", None, True, [], {}, [[[[1]]]], "..")
TOML = (
    *("0", "-1", "1e308", "nan", "inf", "9" * 400, '""', "true", "[]", "{}", "[[[[1]]]]", "1979-05-27", '"/tmp"'),
    *(r'"\u0000"', r'"a\nb"', f'"{400 * "x"}"', '"anime:1e308,comic:1e308"', '"anime:nan"', '"#ff88"', '"/dev/zero"'),
)
STYLES = {"m": ("anime", "comic")}
CONFIG = """style = "anime:0.6,photo:0.4"
strength = 0.5
split = 0.25
background = "#ff8800"
faces = 3
turn = 90
mirror = true
size = "640x480"
model = ["a.tflite", "b.onnx"]
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutant_of_a_picture_is_a_picture_or_a_sentence(portrait, mutants, sentence_of, bounded, monkeypatch, kind):
    if not cv2.haveImageWriter(f"a{kind}"):
        pytest.skip("this OpenCV does not write the kind")
    monkeypatch.setenv(LIMIT_VARIABLE, "20")
    small = cv2.resize(portrait, (48, 40), interpolation=cv2.INTER_AREA)
    picture = np.dstack([small, small[..., 0]]) if kind in (".png", ".webp", ".tiff") else small

    def decode(mutant):
        image = pixels.decode_image(mutant, f"a{kind}")
        assert image.dtype == np.uint8
        assert image.shape[2:] == (3,)
        pixels.read_metadata(mutant, with_exif=True)

    with bounded():
        for mutant in mutants(cv2.imencode(kind, picture)[1].tobytes(), KINDS.index(kind) * 10**6, 1 / len(KINDS)):
            sentence_of(decode, mutant)


@pytest.mark.parametrize(("read", "parse"), [(read_model, ModelSpec), (read_tracker, TrackerSpec)])
def test_a_spec_with_a_nasty_value_is_a_spec_or_a_sentence(tiny_model, chances, sentence_of, read, parse):
    values = json.loads(read(tiny_model if parse is ModelSpec else PACKAGED)[1].to_json())
    answers = []
    for chance in chances(3 * 10**6, 0.5):
        mutant = dict(values)
        for _ in range(chance.randint(1, 3)):
            key = chance.choice([*values, chance.choice(("kind", "\x1b[2J", "unknown"))])
            mutant[key] = chance.choice([*NASTY, {key: chance.choice(NASTY)}, [chance.choice(NASTY)] * 3])
        answers.append(sentence_of(parse.from_json, json.dumps(mutant), "m.tflite"))
    assert "".join(answers).isprintable()
    assert 0 < answers.count("") < len(answers)


@pytest.fixture
def start(tmp_path, capfd):
    """Read a configuration's bytes as toon-live does at its start and at a reload."""
    parser, path = build_parser(), tmp_path / "facetoon.toml"

    def read(data):
        path.write_bytes(data)
        try:
            flags = with_config(parser, ["--config", str(path)])
        except SystemExit:  # argparse has said why
            raise InputError(capfd.readouterr().err.splitlines()[-1][:500]) from None
        LiveSettings("m").patched(settings_of(flags), STYLES)

    return read


def test_a_mutant_of_a_configuration_is_taken_or_a_sentence(mutants, sentence_of, bounded, start):
    with bounded():
        answers = [sentence_of(start, mutant) for mutant in mutants(CONFIG.encode(), 4 * 10**6, 0.5)]
    assert 0 < answers.count("") < len(answers)


def test_a_flag_with_a_nasty_value_is_taken_or_a_sentence(chances, sentence_of, bounded, start):
    flags = [name[2:] for name in build_parser()._option_string_actions if name.startswith("--")]
    with bounded():
        for chance in chances(5 * 10**6, 0.5):
            keys = {chance.choice([*flags, "unknown", '"a.b"']) for _ in range(chance.randint(1, 3))}
            text = "".join(f"{key} = {chance.choice(TOML)}\n" for key in sorted(keys))
            sentence_of(start, text.encode())
