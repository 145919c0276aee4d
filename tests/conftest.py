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
from facetoon.edge_runtime.spec import read_model

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
    ours = ("reader", "drawer", "finisher", "encoder", "preview", "prefetch")
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


@pytest.fixture
def stripped(tmp_path):
    """The tiny model as another project would ship it: no spec."""

    def strip(name):
        path = tmp_path / f"other-{name}"
        path.write_bytes(read_model(TINY_MODEL.with_name(name))[0])
        return path

    return strip


@pytest.fixture
def any_size_tflite(tmp_path):
    """A convolution of 1x1 for pictures of any size."""
    from facetoon.benchmarks.roofline.fixed_shapes import read_tflite
    from facetoon.benchmarks.roofline.flatbuffer_graph import FLOAT32, FlatbufferGraph, pack_tflite

    graph = FlatbufferGraph([("CONV_2D", 1)])
    tensors = [graph.add_tensor(name, (1, 1, 1, 3), FLOAT32) for name in ("in", "out")]
    weights = graph.add_tensor("weights", (3, 1, 1, 3), FLOAT32, np.eye(3, dtype=np.float32)[:, None, None])
    bias = graph.add_tensor("bias", (3,), FLOAT32, np.zeros(3, np.float32))
    options = graph.schema.Conv2DOptionsT()
    options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
    graph.add_operator("CONV_2D", [tensors[0], weights, bias], tensors[1], options)
    graph.inputs, graph.outputs = tensors[:1], tensors[1:]
    tree = read_tflite(graph.to_bytes())
    for number in tensors:
        tree.subgraphs[0].tensors[number].shapeSignature = [1, -1, -1, 3]
    path = tmp_path / "any.tflite"
    path.write_bytes(pack_tflite(tree))
    return path


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
