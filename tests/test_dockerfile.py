"""Checks the Dockerfile without Docker: the files that it copies and the command that it starts exist."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from facetoon.edge_runtime.__main__ import build_parser

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def let_in():
    """The files that .dockerignore admits to the build, which `COPY . .` copies."""
    first, *names = (ROOT / ".dockerignore").read_text().split()
    assert first == "**"
    assert all(name.startswith("!") for name in names)
    return [name.removeprefix("!") for name in names]


def packaged_folders():
    """FOLDERS of setup.py, read without running it."""
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "FOLDERS":
            return ast.literal_eval(node.value)
    raise AssertionError("setup.py names no FOLDERS")


def test_all_that_the_package_is_built_from_gets_into_the_image():
    assert re.search(r"^COPY \. \.$", DOCKERFILE, re.M)
    names = let_in()
    assert {*packaged_folders(), "pyproject.toml", "setup.py", PROJECT["readme"]} <= set(names)
    assert all(any(fnmatch(name, pattern) for name in names) for pattern in PROJECT["license-files"])
    assert all((ROOT / name).exists() for name in names)


def test_setup_finds_every_package_in_what_gets_into_the_image(tmp_path):
    pytest.importorskip("setuptools")
    for name in let_in():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    code = (
        "import setuptools; setuptools.setup = lambda **what: print(*what['packages'])\nexec(open('setup.py').read())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    packages = {path.parent for folder in packaged_folders() for path in (ROOT / folder).rglob("__init__.py")}
    assert set(done.stdout.split()) == {f"facetoon.{'.'.join(path.relative_to(ROOT).parts)}" for path in packages}


def test_it_installs_extras_that_exist():
    installed = re.search(r"pip install [^\n]*?'?\.(?:\[(.*)\]')?$", DOCKERFILE, re.MULTILINE)
    extras = installed[1].split(",") if installed[1] else []
    assert set(extras) <= set(PROJECT["optional-dependencies"])


def test_what_it_starts_is_a_command_with_flags_that_exist():
    command, *flags = json.loads(re.search(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.M)[1])
    assert command in PROJECT["scripts"]
    port = build_parser().parse_args(flags).port
    assert re.search(rf"^EXPOSE {port}$", DOCKERFILE, re.M)
    check = json.loads(re.search(r"^HEALTHCHECK .*? CMD (\[.*?\])$", DOCKERFILE.replace("\\\n", ""), re.M)[1])
    assert check[0] == "python"
    assert f"http://127.0.0.1:{port}/healthz" in check[2]
    compile(check[2], "HEALTHCHECK", "exec")
