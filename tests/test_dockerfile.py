"""What can be said of the Dockerfile where no Docker is: it gets what it copies, and starts what there is."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from facetoon.edge_runtime.__main__ import build_parser

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_all_that_the_package_is_built_from_gets_into_the_image():
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = [name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]]
    assert {*packages, "pyproject.toml", project["project"]["readme"], "LICENSE"} <= set(let_in)
    assert all((ROOT / name).exists() for name in let_in)
    extras = re.search(r"pip install [^']*'\.\[(.*)\]'", DOCKERFILE)[1].split(",")
    assert set(extras) <= set(project["project"]["optional-dependencies"])


def test_what_it_starts_is_a_command_with_flags_that_exist():
    command, *flags = json.loads(re.search(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.M)[1])
    assert command in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    port = build_parser().parse_args(flags).port
    assert re.search(rf"^EXPOSE {port}$", DOCKERFILE, re.M)
    check = json.loads(re.search(r"^HEALTHCHECK .*? CMD (\[.*?\])$", DOCKERFILE.replace("\\\n", ""), re.M)[1])
    assert check[0] == "python"
    assert f"http://127.0.0.1:{port}/healthz" in check[2]
    compile(check[2], "HEALTHCHECK", "exec")
