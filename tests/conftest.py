from __future__ import annotations

import logging
import os
import shutil
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.sources.source import DEMO_PHOTOGRAPH, DemoSource

TINY_MODEL = Path(__file__).parent / "data" / "tiny-32.tflite"


@pytest.fixture(autouse=True)
def no_error_logs(caplog):
    """A library that logs an error and carries on has hidden a failure."""
    yield
    errors = [
        r.getMessage() for when in ("setup", "call") for r in caplog.get_records(when) if r.levelno >= logging.ERROR
    ]
    assert not errors, f"logged at ERROR: {errors}"


@pytest.fixture(autouse=True)
def no_threads_left():
    """Every thread that a test starts has an owner that ends it."""
    before = set(threading.enumerate())
    yield
    ours = ("reader", "worker", "encoder", "preview", "prefetch")
    left = [t for t in threading.enumerate() if t not in before and t.name.startswith(ours)]
    for thread in left:
        thread.join(60)  # at once on an idle machine
    assert not [t.name for t in left if t.is_alive()]


@pytest.fixture(autouse=True, scope="session")
def tried_models_elsewhere(tmp_path_factory):
    """Models that passed a trial are remembered for this run alone."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A 32 px int8 generator of a few kB that swaps colours; made by tests/data/make_tiny.py."""
    return TINY_MODEL


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """The packaged photograph, BGR 512x512, with one face at about (224, 128)."""
    return cv2.imread(str(DEMO_PHOTOGRAPH))


@pytest.fixture(scope="session")
def demo_frames() -> list[np.ndarray]:
    """Two seconds of the demo film."""
    source = DemoSource()
    return [source.read() for _ in range(60)]


@pytest.fixture(scope="session")
def film(tmp_path_factory, demo_frames) -> Path:
    """The demo as a real video file: 60 frames, 640x480, 30 a second."""
    path = tmp_path_factory.mktemp("film") / "film with spaces ü.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, (640, 480))
    for frame in demo_frames:
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real pictures and videos, for tests marked shared_data; FACETOON_DATA says where."""
    folder = Path(os.environ.get("FACETOON_DATA", "missing"))
    if not folder.is_dir():
        pytest.skip("FACETOON_DATA names no folder with the shared pictures and videos")
    return folder


@pytest.fixture(scope="session")
def needs_program():
    """Path of a system program; without it the test is skipped, saying what brings it, but in CI it fails."""

    def need(program: str, package: str) -> str:
        path = shutil.which(program)
        if path is None:
            message = f"{program} is missing: apt install {package}"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
        return path

    return need
