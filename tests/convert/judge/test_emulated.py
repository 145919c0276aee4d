"""An int8 file scores the same on processors with other int8 kernels: without VNNI, and on arm64. Emulated."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.formats.bake import batch_of_one
from facetoon.convert.formats.quantization import RECIPES
from facetoon.convert.formats.to_onnx import to_onnx
from facetoon.convert.judge.comparison import Fidelity, file_pictures, float_pictures, score
from facetoon.convert.sources.samples import draw
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import read_model, write_model
from facetoon.training.pictures.images import load_split
from facetoon.training.runs.checkpoint import load_generator

TOLERANCE_DB = 1.0  # of the mean; saturated sums of 16 bits cost 8 dB and more
WORST_TOLERANCE_DB = 2.0
PICTURES = 6
SCRIPT = Path(__file__).with_name("run_tensors.py")
SIZE_PX = 32

pytestmark = pytest.mark.slow


def needs(*programs: str) -> None:
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: apt install qemu-user-static debootstrap")


def scores_here_and_emulated(model: Path, run: Path, photos: list[str], command: list, **environment: str):
    """Scores of the file against the float generator, on this processor and on the one of `command`."""
    _, test = load_split(photos, SIZE_PX, 0.2)
    images, session, generator = test.images[:PICTURES], open_session(model), load_generator(run)
    tensors, drawn = (model.with_name(f"{name}.npy") for name in ("tensors", "drawn"))
    np.save(tensors, np.stack([session.to_tensor(image) for image in images]))
    subprocess.run(
        [*map(str, command), str(SCRIPT), str(model), str(tensors), str(drawn)],
        check=True,
        env=os.environ | environment,
        stderr=subprocess.DEVNULL,  # qemu lists what it cannot emulate, thrice
    )
    emulated = np.stack([session.to_image(tensor) for tensor in np.load(drawn)])
    expected = float_pictures(generator, images)
    return [score(images, expected, actual).scores for actual in (file_pictures(session, images), emulated)]


def assert_equal_but_for_rounding(here: Fidelity, emulated: Fidelity) -> None:
    limits = RECIPES["static_wi8_ai8"].thresholds
    print(f"here {here.psnr_mean_db:.2f} dB, emulated {emulated.psnr_mean_db:.2f} dB")
    assert abs(here.psnr_mean_db - emulated.psnr_mean_db) < TOLERANCE_DB
    assert abs(here.psnr_min_db - emulated.psnr_min_db) < WORST_TOLERANCE_DB
    assert emulated.psnr_mean_db > limits.psnr_mean_db - TOLERANCE_DB
    assert emulated.ssim_mean > limits.ssim_mean - 0.005


@pytest.mark.skipif(platform.machine() != "x86_64", reason="emulates an older processor of the same architecture")
def test_onnx_int8_without_vnni(run, photos, toon, tmp_path):
    needs("qemu-x86_64-static")
    train, _ = load_split(photos, SIZE_PX, 0.2)
    model = to_onnx(batch_of_one(load_generator(run)), RECIPES["static_wi8_ai8"], draw(train, 16, 1))
    write_model(tmp_path / "toon.onnx", model, read_model(toon)[1])
    command = [shutil.which("qemu-x86_64-static"), sys.executable]
    scores = scores_here_and_emulated(tmp_path / "toon.onnx", run, photos, command, QEMU_CPU="Haswell")
    assert_equal_but_for_rounding(*scores)


@pytest.fixture(scope="module")
def arm64() -> Path:
    """A folder with an arm64 Python; made once, and kept for the next run of the tests."""
    needs("qemu-aarch64-static")
    folder = Path(os.environ.get("ARM64_PYTHON", "/var/tmp/facetoon-arm64-python"))
    if not folder.is_dir():
        needs("debootstrap")
        if os.getuid():
            pytest.skip("debootstrap, which fetches an arm64 Python, needs root")
        script = Path(__file__).parents[2] / "arm64_python.sh"
        subprocess.run([str(script), str(folder)], check=True, env=os.environ | {"PYTHON": sys.executable})
    return folder


def test_tflite_int8_on_arm64(run, photos, toon, tmp_path, arm64):
    model = Path(shutil.copy(toon, tmp_path))
    command = ["qemu-aarch64-static", "-L", arm64, arm64 / "usr/bin/python3.11"]
    paths = {"PYTHONHOME": str(arm64 / "usr"), "PYTHONPATH": str(arm64 / "site")}
    scores = scores_here_and_emulated(model, run, photos, command, QEMU_CPU="cortex-a72", **paths)
    assert_equal_but_for_rounding(*scores)
