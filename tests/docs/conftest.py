"""Loads the scripts of docs/figures, which are no package, and draws tiny inputs for them."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

FIGURES = Path(__file__).parents[2] / "docs" / "figures"


@pytest.fixture
def script():
    """A function: name of a script to its module."""

    def load(name):
        spec = importlib.util.spec_from_file_location(f"figures_{name}", FIGURES / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def drawings(tmp_path_factory) -> Path:
    """Thirty small pictures, each of another colour with a disk of another colour."""
    folder, random = tmp_path_factory.mktemp("drawings"), np.random.default_rng(3)
    for number in range(30):
        picture = np.full((48, 48, 3), random.integers(0, 256, 3), np.uint8)
        cv2.circle(picture, (24, 24), 15, tuple(map(int, random.integers(0, 256, 3))), -1)
        cv2.imwrite(str(folder / f"{number:02d}.png"), picture)
    return folder


@pytest.fixture(scope="session")
def nets() -> Path:
    """Other people's networks, beside the shared pictures."""
    folder = Path(os.environ.get("FACETOON_DATA", "missing")) / "nets"
    if not folder.is_dir():
        pytest.skip("FACETOON_DATA names no folder with the shared nets")
    return folder


@pytest.fixture
def assert_picture():
    """A function: asserts that a picture file can be read, is at least so large, and is not blank."""

    def check(path, height_px, width_px):
        picture = cv2.imread(str(path))
        assert picture is not None, path
        assert picture.shape[0] >= height_px
        assert picture.shape[1] >= width_px
        assert picture.std() > 10

    return check
