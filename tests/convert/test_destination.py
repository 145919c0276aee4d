from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from facetoon.convert.destination import deliver, rejected_path, report_paths, with_mark, withdraw
from facetoon.edge_runtime.errors import InputError

REPORT = {"json": b"{}", "markdown": b"# toon", "worst": b"PNG"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_accepted_model_removes_an_older_rejected_one(tmp_path):
    rejected_path(tmp_path / "toon.tflite").write_bytes(b"older")
    deliver(tmp_path / "toon.tflite", b"model", REPORT, accepted=True)
    assert contents(tmp_path) == {
        "toon.tflite": b"model",
        "toon.report.json": b"{}",
        "toon.report.md": b"# toon",
        "toon.worst.png": b"PNG",
    }


def test_a_rejected_model_leaves_no_older_one_that_looks_current(tmp_path):
    (tmp_path / "toon.tflite").write_bytes(b"older")
    deliver(tmp_path / "toon.tflite", b"model", REPORT, accepted=False)
    assert not (tmp_path / "toon.tflite").exists()
    assert (tmp_path / "toon.previous").read_bytes() == b"older"
    assert (tmp_path / "toon.rejected").read_bytes() == b"model"


def test_a_refused_build_withdraws_the_older_one(tmp_path):
    deliver(tmp_path / "toon.onnx", b"older", REPORT, accepted=True)
    (tmp_path / "toon.tflite").write_bytes(b"another format")
    withdraw(tmp_path / "toon.onnx")
    assert contents(tmp_path) == {"toon.onnx.previous": b"older", "toon.tflite": b"another format"}


@pytest.mark.parametrize("name", ["toon.onnx", "toon.onnx.rejected"])
def test_a_file_made_from_a_rejected_one_has_the_format_once(name):
    assert with_mark(Path(name), "4float", ".onnx") == "toon.4float.onnx"


def test_files_of_two_formats_do_not_meet():
    places = [{*report_paths(Path(name)).values(), rejected_path(Path(name))} for name in ("toon.tflite", "toon.onnx")]
    assert not places[0] & places[1]


@pytest.mark.parametrize("failing", [".tflite", ".json", ".md", ".png"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt()])
def test_all_files_are_written_or_none(tmp_path, monkeypatch, failing, error):
    """A write that stops half way leaves the files of an older build, all of them."""
    out, write = tmp_path / "toon.tflite", Path.write_bytes
    deliver(out, b"older model", REPORT, accepted=True)
    older = contents(tmp_path)

    def stops(path: Path, content: bytes) -> int:
        if path.suffix == failing:
            write(path, content[:1])
            raise error
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", stops)
    newer = dict.fromkeys(REPORT, b"newer")
    with pytest.raises(InputError if isinstance(error, OSError) else KeyboardInterrupt):
        deliver(out, b"newer model", newer, accepted=True)
    assert contents(tmp_path) == older
