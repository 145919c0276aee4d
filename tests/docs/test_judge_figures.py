"""The scripts behind docs/SCORES.md and docs/COMPARISON.md run."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.pixels import resize

pytest.importorskip("tensorflow")

COMPARISON = Path(__file__).parents[2] / "docs" / "COMPARISON.md"


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    """A vector net: the mean colours of 64 squares."""
    import keras

    image = keras.Input((64, 64, 3))
    vectors = keras.layers.Flatten()(keras.layers.AveragePooling2D(8)(image))
    path = tmp_path_factory.mktemp("net") / "colours.keras"
    keras.Model(image, vectors).save(path)
    return path


@pytest.fixture(scope="module")
def greys(drawings, tmp_path_factory):
    """The drawings without colour."""
    folder = tmp_path_factory.mktemp("greys")
    for file in drawings.iterdir():
        image = pixels.decode_image(file.read_bytes(), file.name)
        grey = np.repeat(image.mean(-1, keepdims=True), 3, -1).astype(np.uint8)
        (folder / file.name).write_bytes(pixels.encode_png(grey))
    return folder


def test_damage_is_measured_by_any_net(script, drawings, greys, colours, capsys):
    net = ["--encoder", str(colours), "--encoder-range=-1..1", "--count", "15"]
    script("measure_judge").main(["--cartoons", str(drawings), "--others", str(drawings), "--photos", str(greys), *net])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")][2:]
    assert len(rows) == 10
    shares = next(row for row in rows if "replaced by photographs" in row).split("|")[2].split(",")
    assert float(shares[-1]) == pytest.approx(1, abs=0.01)


def test_cells_of_the_comparison_lie_in_rows(script):
    comparison = script("make_comparison")
    picture = resize(np.full((8, 8, 3), 90, np.uint8), 64, 64)
    sheet = comparison.grid([comparison.labelled(f"style {number}", picture) for number in range(7)])
    side = comparison.CELL_PX
    assert sheet.shape == (2 * (side + comparison.LABEL_PX), comparison.ACROSS * side, 3)
    assert (sheet[-1, -1] == 255).all()
    assert (sheet[-1, side // 2] == 90).all()


@pytest.mark.shared_data
def test_every_generator_of_the_comparison_has_its_row(script):
    data = Path(os.environ.get("FACETOON_DATA", "missing"))
    if not (data / "peers").is_dir():
        pytest.skip("FACETOON_DATA names no folder with the peers")
    text = COMPARISON.read_text("utf-8")
    for one in script("make_comparison").generators(data):
        assert one.name in text
