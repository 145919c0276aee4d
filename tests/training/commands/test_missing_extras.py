"""Without the libraries of an extra, every command that needs them says which extra brings them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

TRAININGS = {
    "cyclegan": ["--photos", "{photos}", "--cartoons", "{photos}"],
    "pairs": ["--pairs", "{photos}"],
    "sharpen": ["--teacher", "{run}", "--photos", "{photos}", "--cartoons", "{photos}"],
    "distill": ["--teacher", "{run}", "--photos", "{photos}"],
    "style": ["--student", "{run}", "--name", "mine", "--cartoons", "{photos}"],
    "fast-style": ["--style", "{photos}/me.png", "--photos", "{photos}"],
}
OTHERS = {
    "tracker": [
        "--photos",
        "{photos}",
        "--wide-photos",
        "{photos}",
        "--detector",
        "{run}/x",
        "--out",
        "{run}/x.tflite",
    ],
    "stylize": ["--content", "{photos}", "--style", "{photos}/me.png", "--out", "{run}/out"],
    "score": ["{run}", "--photos", "{photos}", "--cartoons", "{photos}"],
}
CASES = [
    (command, backend, ["--run", "{run}/new", "--backend", backend, *options])
    for command, options in TRAININGS.items()
    for backend in ("tensorflow", "jax")
] + [(command, "tensorflow", options) for command, options in OTHERS.items()]


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict[str, Path]:
    """A folder with a photograph, and the run of a student of two styles."""
    root = tmp_path_factory.mktemp("places")
    (root / "photos").mkdir()
    cv2.imwrite(str(root / "photos/me.png"), np.zeros((48, 48, 3), np.uint8))
    (root / "run").mkdir()
    config = {"recipe": {"kind": "distill"}, "data": {"photos": {"train_sha256": ""}}, "styles": ["one", "two"]}
    (root / "run/config.json").write_text(json.dumps(config))
    (root / "run/sources.json").write_text(json.dumps({"photos": [str(root / "photos")]}))
    return {"photos": root / "photos", "run": root / "run"}


def run_without(libraries: list[str], command: list[str]) -> subprocess.CompletedProcess[str]:
    code = (
        f"import sys\nsys.modules.update(dict.fromkeys({libraries}))\n"
        f"from facetoon.training.__main__ import main\nsys.exit(main({command}))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("command", "backend", "options"), CASES, ids=lambda value: value if len(value) < 12 else "")
def test_on_the_base_install(places, command, backend, options):
    words = [command, *(option.format(**places) for option in options)]
    done = run_without(["keras", "tensorflow", "jax", "tensorboardX"], words)
    extra = {"tensorflow": "train", "jax": "jax"}[backend]
    assert done.stderr == f"toon-train: keras is missing: pip install 'facetoon[{extra}]' brings it.\n"
    assert done.returncode == 2
    assert not (places["run"] / "new").exists()


@pytest.mark.parametrize(("backend", "extra"), [("tensorflow", "train"), ("jax", "jax")])
def test_with_keras_alone(places, backend, extra):
    pytest.importorskip("keras", reason="needs pip install 'facetoon[train]'")
    photos = str(places["photos"])
    words = ["cyclegan", "--photos", photos, "--cartoons", photos, "--dry-run", "--backend", backend]
    done = run_without([backend], words)
    assert done.stderr.splitlines()[-1] == (
        f"toon-train: {backend} is missing: pip install 'facetoon[{extra}]' brings it."
    )
    assert done.returncode == 2


def test_prepare_needs_no_extra(places, tmp_path):
    words = ["prepare", "--photos", str(places["photos"]), "--out", str(tmp_path / "set")]
    done = run_without(["keras", "tensorflow", "jax", "tensorboardX", "onnx"], words)
    assert "missing" not in done.stderr
    assert "Traceback" not in done.stderr
