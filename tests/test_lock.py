"""The lock files fit pyproject.toml, have a hash for every package, and name no server."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
LOCKS = {"device": [], "test": ["test"], "dev": ["dev"]}


def wanted(extras):
    """The requirements of the project with these extras, whose own names stand for further extras."""
    lines = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    extras = list(extras)
    while extras:
        for requirement in map(Requirement, EXTRAS[extras.pop()]):
            if requirement.name == "facetoon":
                extras += requirement.extras
            else:
                lines.append(str(requirement))
    return list(map(Requirement, lines))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_a_version_within_each_range_and_hashes_for_it(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "//" not in text
    pinned = {}
    for entry in re.split(r"\n(?=\S)", text.strip()):
        first, *hashes = entry.split(" \\\n")
        requirement = Requirement(first)
        pinned.setdefault(requirement.name, []).append(next(iter(requirement.specifier)).version)
        assert hashes
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", line) for line in hashes)
    for requirement in wanted(LOCKS[name]):
        versions = pinned[re.sub(r"[._]+", "-", requirement.name).lower()]
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_the_image_and_ci_install_from_the_locks_alone():
    for name in ("Dockerfile", ".ci/run", "Makefile"):
        for path in re.findall(r"--require-hashes -r (\S+)", (ROOT / name).read_text()):
            assert (ROOT / path).is_file()
    assert "--require-hashes -r requirements/device.txt" in (ROOT / "Dockerfile").read_text()
    assert "--require-hashes -r requirements/test.txt" in (ROOT / ".ci" / "run").read_text()
    assert "--require-hashes -r requirements/dev.txt" in (ROOT / "Makefile").read_text()
