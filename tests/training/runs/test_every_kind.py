"""Every kind of run that holds a generator can be read for scoring, teaching and conversion."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.training.recipes.recipe import KINDS, load_recipe
from facetoon.training.runs.run_directory import RunDirectory, identity
from facetoon.training.runs.teacher_network import load_teacher
from facetoon.training.score.translator import open_translators

CASES = [(kind, styles) for kind in KINDS for styles in ((), ("one", "two"))]


@pytest.fixture
def run(tmp_path, drawn, drawn_pairs, request):
    """A run of a kind with the fewest sources it can have, and a generator that changes nothing."""
    kind, styles = request.param
    image, vector = keras.Input((16, 16, 3)), keras.Input((len(styles) or 1,))
    output = keras.layers.Rescaling(1.0)(image)
    keras.Model([image, vector] if styles else image, output, name=kind.replace("-", "_")).save(
        tmp_path / "generator_ab.keras"
    )
    sources = {"pairs": [str(drawn_pairs)]} if kind == "pairs" else {"photos": [str(drawn / "photos")]}
    config = {
        "recipe": identity(load_recipe("face_toon_64", [f"kind={kind}"])),
        "data": {domain: {"train_images": 0, "train_sha256": ""} for domain in sources},
    }
    (tmp_path / "config.json").write_text(json.dumps(config | ({"styles": styles} if styles else {})))
    (tmp_path / "sources.json").write_text(json.dumps(sources))
    return tmp_path


@pytest.mark.parametrize("run", CASES, indirect=True, ids=lambda case: f"{case[0]} {'styles' if case[1] else ''}")
def test_its_pictures_pass_through_its_generator(run):
    directory = RunDirectory(run)
    style = directory.styles[0] if directory.styles else ""
    for pictures in directory.input_pictures().load(16):
        drawn = open_translators(run, "ab", style)[0].draw(pictures.images)
        assert np.array_equal(drawn, pictures.images)
        assert load_teacher(run, style)(np.zeros((1, 16, 16, 3), "float32")).shape == (1, 16, 16, 3)
