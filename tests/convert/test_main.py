"""On an installation without the convert extra every command works or names the extra; nothing ends in a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
EXTRA = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "ai_edge_quantizer")
BUILD = ["build", "{data}", "--out", "{out}/toon.tflite"]


def run(command: list[str], absent: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """toon-convert in a process of its own, in which those libraries cannot be imported."""
    code = (
        f"import sys\nsys.modules |= dict.fromkeys({absent!r})\nfrom facetoon.convert.__main__ import main\n"
        f"sys.exit(main({command!r}))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        BUILD,
        [*BUILD, "--all"],
        ["verify", "{data}/tiny-32.tflite", "--run", "{data}"],
        ["debug", "{data}/tiny-32.tflite", "--run", "{data}", "--out", "{out}"],
        ["inspect", "{data}/tiny-32.onnx"],
    ],
    ids=["build", "build all", "verify", "debug", "inspect onnx"],
)
def test_the_base_install_names_the_extra(command, tmp_path):
    done = run([word.format(data=DATA, out=tmp_path) for word in command], EXTRA)
    assert done.returncode == 2
    assert done.stderr.startswith("toon-convert: ")
    assert done.stderr.endswith(" is missing: pip install 'facetoon[convert]' brings it.\n")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_without_tensorflow_alone_it_is_named(tmp_path):
    pytest.importorskip("keras")
    done = run([word.format(data=DATA, out=tmp_path) for word in BUILD], ("tensorflow",))
    assert done.returncode == 2
    assert done.stderr == "toon-convert: tensorflow is missing: pip install 'facetoon[convert]' brings it.\n"


def test_the_base_install_inspects_a_tflite_file():
    done = run(["inspect", str(DATA / "tiny-32.tflite")], EXTRA)
    assert (done.returncode, done.stderr) == (0, "")
    assert 'name: "tiny-32"' in done.stdout
