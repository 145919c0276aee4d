from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from facetoon.training.__main__ import main


def variants(portrait, count):
    """Different photographs of the same face: moved, tilted, lit and with another background."""
    random = np.random.default_rng(3)
    for number in range(count):
        turn = cv2.getRotationMatrix2D((224, 128), random.uniform(-12, 12), random.uniform(0.8, 1.1))
        turn[:, 2] += random.uniform(20, 60, 2)
        shade = tuple(random.integers(40, 200, 3).tolist())
        picture = cv2.warpAffine(portrait, turn, (420, 360), borderValue=shade)
        stripe = int(random.integers(0, 300))
        picture[stripe : stripe + 60] = np.clip(picture[stripe : stripe + 60] * random.uniform(0.5, 1.5), 0, 255)
        yield number, np.clip(picture * random.uniform(0.7, 1.2), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def photos(portrait, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepare") / "Fotos mit Lücke 顔"
    folder.mkdir()
    for number, picture in variants(portrait, 6):
        (folder / f"é {number}.jpg").write_bytes(cv2.imencode(".jpg", picture)[1])
    return folder


@pytest.fixture(scope="session")
def loose():
    """Options that accept near-duplicates, for one face six times, and small faces, for drawn heads."""
    values = ("duplicate_bits=0", "test_share=0.5", "min_side_px=32")
    return [part for value in values for part in ("--set", f"prepare.{value}")]


@pytest.fixture(scope="session")
def prepare():
    """Runs toon-train prepare in this process; gives its exit status."""
    return lambda *options: main(["prepare", "--jobs", "1", *map(str, options)])


@pytest.fixture(scope="session")
def read_manifest():
    """Reads manifest.csv of a data set as a list of dicts."""

    def read(out):
        with (out / "manifest.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture(scope="session")
def reasons(read_manifest):
    """The reason to reject each file, by file name; empty for a kept file."""
    return lambda out: {Path(line["file"]).name: line["reason"] for line in read_manifest(out)}
