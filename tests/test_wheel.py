"""An installation puts only `facetoon` into site-packages, and only files that some code opens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("edge_runtime", "training", "convert", "benchmarks")
OPENED_BY_PATTERN = ("training/recipes/*.toml", "edge_runtime/models/*.tflite")  # by a name that the user gives


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> list[str]:
    """Names of the files in the wheel of FACETOON_WHEEL, or in a wheel built from a copy of the tree."""
    path = os.environ.get("FACETOON_WHEEL")
    if not path:
        tree = tmp_path_factory.mktemp("tree")
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, tree)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tree), str(tree)]
        subprocess.run(command, check=True)
        (path,) = tree.glob("facetoon-*.whl")
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


@pytest.mark.slow
def test_nothing_but_facetoon_at_the_top(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert "facetoon" in tops
    assert all(top == "facetoon" or fnmatch(top, "facetoon-*.dist-info") for top in tops)


@pytest.mark.slow
def test_every_module_is_in_it(wheel):
    modules = {str(path.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    assert modules
    assert {f"facetoon/{name}" for name in modules} == {name for name in wheel if name.endswith(".py")}


@pytest.mark.slow
def test_code_opens_every_other_file(wheel):
    sources = [
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".html", ".js")
    ]
    text = "\n".join(path.read_text("utf-8") for path in sources)
    data = [name for name in wheel if name.startswith("facetoon/") and not name.endswith(".py")]
    assert data
    for name in data:
        inside = name.removeprefix("facetoon/")
        by_pattern = any(fnmatch(inside, pattern) for pattern in OPENED_BY_PATTERN)
        assert by_pattern or Path(name).name in text, f"no code opens {name}"
