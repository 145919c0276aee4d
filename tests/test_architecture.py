"""Imports point one way: the lightest package owns the shared words."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Who may import what of ours; training may know only what it and the device must agree on.
ALLOWED = {
    "edge_runtime": {"edge_runtime"},
    "training": {"training", "edge_runtime"},
    "convert": {"convert", "training", "edge_runtime"},
    "benchmarks": {"benchmarks", "edge_runtime"},
}
SHARED_WITH_TRAINING = {"pixels", "framing", "faces", "spec", "errors", "tracker"}
SHARED_WITH_SCORING = SHARED_WITH_TRAINING | {"session", "styles"}  # it judges what ships, as it runs on the device
HEAVY = {"tensorflow", "keras", "jax", "torch"}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_one_way(package):
    for path in (ROOT / package).rglob("*.py"):
        for name in imports_of(path):
            top = name.removeprefix("facetoon.").split(".")[0]
            assert top not in ALLOWED or top in ALLOWED[package], f"{path} imports {name}"
            if package in ("edge_runtime", "benchmarks"):
                assert top not in HEAVY, f"{path} imports {name}"


def test_training_takes_only_what_the_device_must_agree_on():
    for path in (ROOT / "training").rglob("*.py"):
        parts = {name.split(".")[2] for name in imports_of(path) if name.startswith("facetoon.edge_runtime.")}
        shared = SHARED_WITH_SCORING if path.name == "translator.py" else SHARED_WITH_TRAINING
        assert parts <= shared, f"{path} imports {parts - shared}"


def test_convert_takes_of_training_only_generators_and_pictures():
    for path in (ROOT / "convert").rglob("*.py"):
        parts = {name.split(".")[2] for name in imports_of(path) if name.startswith("facetoon.training.")}
        # student: the layers that fold into a convolution; quality, encoder: what a conversion costs in KID
        assert parts <= {"checkpoint", "images", "backend", "student", "quality", "encoder"}, f"{path} imports {parts}"


@pytest.mark.parametrize("command", ["edge_runtime", "training", "convert", "benchmarks"])
def test_help_needs_nothing_heavy(command):
    code = (
        f"import sys\nfrom facetoon.{command}.__main__ import build_parser\nbuild_parser().format_help()\n"
        "print([m for m in ('numpy', 'cv2', 'flask', 'tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
