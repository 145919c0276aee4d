"""Adopting other projects' files: the bytes stay, the spec says what file and user said, and toon-live runs it."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from facetoon.convert.__main__ import main
from facetoon.edge_runtime.__main__ import main as live
from facetoon.edge_runtime.model_files.tailed_file import read_tailed
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import read_model

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
TINY_MAKES = np.stack([IMAGE[..., 2], 255 - IMAGE[..., 0], IMAGE[..., 1]], axis=-1)  # see tests/data/make_tiny.py
PEERS = {
    "animeganv2_hayao_256_int8.tflite": ("--range=-1..1",),
    "whitebox_512_dynamic.tflite": ("--bgr",),
    "whitebox_512_int8.tflite": ("--bgr",),
}


@pytest.fixture
def portrait_file(portrait, tmp_path):
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), portrait)
    return path


@pytest.mark.parametrize("name", ["tiny-32.tflite", "tiny-32.onnx"])
def test_an_adopted_file_is_the_same_model_with_a_spec(stripped, tmp_path, capsys, name):
    if name.endswith(".onnx"):
        pytest.importorskip("onnxruntime")
    theirs, ours = stripped(name), tmp_path / name.replace("tiny-32", "mine")
    flags = ["--range=-1..1", "--name", "tiny", "--licence", "MIT", "--keeps-shape", "--out", str(ours)]
    assert main(["adopt", str(theirs), *flags]) == 0
    said = capsys.readouterr().out
    assert "tiny, " in said
    assert "RGB in -1..1 to -1..1" in said
    model, spec = read_model(ours)
    assert model == theirs.read_bytes()
    assert spec.sha256 == hashlib.sha256(model).hexdigest()
    assert (spec.name, spec.licence, spec.styles, spec.keeps_shape) == ("tiny", "MIT", ("tiny",), ("tiny",))
    assert np.abs(open_session(ours).run(IMAGE).astype(int) - TINY_MAKES).max() <= 2


def test_toon_live_runs_an_adopted_file(stripped, tmp_path, portrait_file):
    out = tmp_path / "mine.tflite"
    assert main(["adopt", str(stripped("tiny-32.tflite")), "--range=-1..1", "--out", str(out)]) == 0
    for mode in ("face", "frame"):
        flags = ["--model", str(out), "--source", str(portrait_file), "--mode", mode, "--frames", "1", "--headless"]
        assert live([*flags, "--pictures", str(tmp_path / mode)]) == 0
        assert len(list((tmp_path / mode).glob("*.jpg"))) == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "does not say the range of values of its input: state it with --range"),
        (["--range=0..255"], "draws a flat picture|which are not 0..255"),
        (["--range=-1..1", "--out", "other.onnx"], "adopting keeps the format"),
        (["--range=-1..1", "--size", "64x48"], "takes pictures of 32x32 px"),
        (["--range=-1..1", "--size", "0"], "--size 0 is none"),
        (["--range=-1..1", "--out", "none/other.tflite"], "does not exist"),
    ],
)
def test_what_nobody_knows_is_refused_and_nothing_is_written(stripped, tmp_path, monkeypatch, capsys, flags, words):
    theirs = stripped("tiny-32.tflite")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert main(["adopt", str(theirs), *flags]) == 2
    error = capsys.readouterr().err
    assert any(word in error for word in words.split("|"))
    assert error.count("\n") == 1
    assert not list((tmp_path / "here").iterdir())


def test_the_file_itself_and_a_file_of_ours_are_refused(stripped, tiny_model, tmp_path, monkeypatch, capsys):
    theirs = stripped("tiny-32.tflite")
    monkeypatch.chdir(theirs.parent)
    assert main(["adopt", theirs.name, "--range=-1..1"]) == 2
    assert "is the file itself" in capsys.readouterr().err
    assert read_tailed(theirs) is None
    assert main(["adopt", str(tiny_model), "--range=-1..1", "--out", str(tmp_path / "m.tflite")]) == 2
    assert "carries a facetoon spec already" in capsys.readouterr().err


def test_the_archive_of_another_tool_is_left_out(stripped, tmp_path):
    import zipfile

    theirs, out = stripped("tiny-32.tflite"), tmp_path / "m.tflite"
    model = theirs.read_bytes()
    with zipfile.ZipFile(theirs, "a") as archive:
        archive.writestr("labels.txt", "cat")
    assert main(["adopt", str(theirs), "--range=-1..1", "--out", str(out)]) == 0
    assert read_model(out)[0] == model


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize("name", PEERS)
def test_the_peers_run_live(shared_data, tmp_path, capsys, portrait_file, name):
    out = tmp_path / "peer.tflite"
    assert main(["adopt", str(shared_data / "peers" / name), *PEERS[name], "--out", str(out)]) == 0
    assert "slow: this machine draws" in capsys.readouterr().out
    for mode in ("face", "frame"):
        flags = ["--model", str(out), "--source", str(portrait_file), "--mode", mode, "--frames", "1", "--headless"]
        assert live(flags) == 0
