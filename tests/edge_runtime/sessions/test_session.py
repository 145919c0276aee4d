from __future__ import annotations

import dataclasses
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions import session
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES, Runtime
from facetoon.edge_runtime.sessions.session import (
    LIVE_MODELS,
    MODELS,
    model_file,
    open_session,
    shipped_generators,
)
from facetoon.edge_runtime.spec import read_model, write_model

DATA = Path(__file__).parents[2] / "data"


def _needs(runtime: Runtime):
    reason = f"needs pip install 'facetoon[{runtime.extra}]'" if runtime.extra else f"no {runtime.distribution}"
    return pytest.mark.skipif(not runtime.is_installed, reason=reason)


@pytest.fixture
def tiny_model(runtime):
    """The tiny generator as a file that the runtime opens."""
    return DATA / f"tiny-32{RUNTIMES[runtime].suffix}"


@pytest.fixture
def styled_model(runtime):
    return DATA / f"tiny-32-styles{RUNTIMES[runtime].suffix}"


@pytest.fixture
def matte_model(runtime):
    return DATA / f"tiny-32-matte{RUNTIMES[runtime].suffix}"


@pytest.mark.parametrize("runtime", [pytest.param(name, marks=_needs(row)) for name, row in RUNTIMES.items()])
class TestSession:
    """Every runtime passes these."""

    @pytest.mark.parametrize("threads", [1, 2])
    def test_picture_in_picture_out(self, tiny_model, runtime, threads):
        session = open_session(tiny_model, runtime, threads)
        image = np.random.default_rng(1).integers(0, 256, (session.size_px, session.size_px, 3), np.uint8)
        out = session.run(image)
        assert out.dtype == np.uint8
        assert out.shape == image.shape
        assert not np.array_equal(out, image)

    def test_same_picture_same_answer(self, tiny_model, runtime):
        session = open_session(tiny_model, runtime)
        first, other = (np.full((32, 32, 3), level, np.uint8) for level in (10, 200))
        expected = session.run(first)
        session.run(other)
        assert np.array_equal(session.run(first), expected)

    def test_says_what_runs_it(self, tiny_model, runtime):
        assert any(c.isdigit() for c in open_session(tiny_model, runtime).runtime)

    def test_wrong_shape_and_type_name_both_sides(self, tiny_model, runtime):
        session = open_session(tiny_model, runtime)
        with pytest.raises(ValueError, match=r"\(16, 16\), the model wants \(32, 32\)"):
            session.run(np.zeros((16, 16, 3), np.uint8))
        with pytest.raises(ValueError, match="float64"):
            session.run(np.zeros((32, 32, 3)))

    def test_colours_come_out_where_they_belong(self, tiny_model, runtime):
        out = open_session(tiny_model, runtime).run(np.full((32, 32, 3), (10, 60, 200), np.uint8))
        np.testing.assert_allclose(out[5, 5].astype(int), (200, 245, 60), atol=1)

    def test_the_matte_is_apart_from_the_picture(self, tiny_model, matte_model, runtime):
        image = np.random.default_rng(2).integers(0, 256, (32, 32, 3), np.uint8)
        session = open_session(matte_model, runtime)
        tensor = session.infer(session.to_tensor(image))
        assert tensor.shape == (1, 32, 32, 4)
        matte = session.to_matte(tensor)
        assert matte.dtype == np.uint8
        np.testing.assert_allclose(matte.astype(int), image[:, :, 1], atol=1)
        np.testing.assert_allclose(session.to_image(tensor), open_session(tiny_model, runtime).run(image), atol=1)

    def test_a_spec_and_a_tensor_that_disagree_are_refused(self, tiny_model, matte_model, runtime, tmp_path):
        for path, sentence in ((tiny_model, "3 channels.* has a matte"), (matte_model, "4 channels.* has no matte")):
            model, spec = read_model(path)
            write_model(tmp_path / path.name, model, dataclasses.replace(spec, matte=not spec.matte))
            with pytest.raises(InputError, match=sentence):
                open_session(tmp_path / path.name, runtime)

    def test_a_style_is_mixed_until_another_is_set(self, styled_model, runtime):
        session = open_session(styled_model, runtime)
        assert session.styles == ("plain", "inverted")
        image = np.full((32, 32, 3), (10, 60, 200), np.uint8)
        np.testing.assert_array_equal(session.run(image), image)
        session.set_style([0, 1])
        np.testing.assert_allclose(session.run(image).astype(int), 255 - image.astype(int), atol=1)
        session.set_style([0.5, 0.5])
        np.testing.assert_allclose(session.run(image).astype(int), 128, atol=1)

    def test_a_style_of_another_length_names_both_sides(self, styled_model, tiny_model, runtime):
        with pytest.raises(ValueError, match=r"shape \(3,\), the model mixes 2"):
            open_session(styled_model, runtime).set_style([1, 0, 0])
        plain = open_session(tiny_model, runtime)
        assert plain.styles == ()
        with pytest.raises(ValueError, match="the model mixes 0"):
            plain.set_style([1])

    @pytest.mark.parametrize("path", LIVE_MODELS, ids=lambda path: path.stem)
    def test_the_shipped_models_draw_every_style(self, runtime, path, portrait):
        if path.suffix != RUNTIMES[runtime].suffix:
            pytest.skip("what ships is .tflite")
        session = open_session(path, runtime)
        assert session.spec.recipe.startswith("static_wi8_ai8")
        image = pixels.resize(pixels.swap_red_blue(portrait), session.size_px, session.size_px)
        answers = []
        for share in np.eye(len(session.styles)):
            session.set_style(share)
            answers.append(session.run(image).astype(int))
        assert len(answers) >= 3
        assert all(np.abs(a - b).mean() > 5 for a, b in combinations(answers, 2))


def test_what_ships_is_small_and_known_by_name():
    files = list(MODELS.iterdir())
    assert sum(file.stat().st_size for file in files) < 4_000_000
    assert model_file("styles-64") == LIVE_MODELS[-1]
    assert model_file("runs/styles-64") == Path("runs/styles-64")
    assert model_file("styles-128.tflite") == Path("styles-128.tflite")


def test_the_specs_say_which_of_the_shipped_files_are_generators(tmp_path, monkeypatch):
    assert {path.stem for path in shipped_generators()} == {"styles-64", "styles-128", "styles-256"}
    for name, content in (("generator.tflite", "face-tracker.tflite"), ("my-tracker.tflite", "styles-64.tflite")):
        (tmp_path / name).write_bytes((MODELS / content).read_bytes())
    monkeypatch.setattr(session, "MODELS", tmp_path)
    assert [path.name for path in shipped_generators()] == ["my-tracker.tflite"]


def test_live_models_are_the_shipped_ones_for_photographs_from_the_largest():
    opened = [open_session(path) for path in shipped_generators()]
    for_photographs = [session for session in opened if session.spec.direction == "photo to cartoon"]
    names = [session.spec.name for session in sorted(for_photographs, key=lambda session: -session.size_px)]
    assert [read_model(path)[1].name for path in LIVE_MODELS] == names


def test_a_missing_runtime_is_said_and_not_replaced(monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"tflite-runtime is not installed; pip install 'facetoon\[tflite-runtime\]'"):
        open_session(DATA / "tiny-32.tflite", "tflite-runtime")
    with pytest.raises(InputError, match=r"onnxruntime is not installed; pip install 'facetoon\[onnx\]'"):
        open_session(DATA / "tiny-32.onnx")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value_range": (1.0, -1.0)}, "from 1 to -1, which is no range"),
        ({"output_range": (0.0, 0.0)}, "from 0 to 0, which is no range"),
        ({"colour_order": "GBR"}, "in the order GBR"),
        ({"sides_px": (64, 32)}, "pictures of 32x32 px, height x width, not of 64x32"),
    ],
)
def test_a_range_an_order_and_a_size_that_cannot_be_are_refused(tmp_path, change, words):
    model, spec = read_model(DATA / "tiny-32.tflite")
    write_model(tmp_path / "m.tflite", model, dataclasses.replace(spec, **change))
    with pytest.raises(InputError, match=words):
        open_session(tmp_path / "m.tflite")


def test_another_range_and_order_of_colours_are_heeded(tmp_path):
    model, spec = read_model(DATA / "tiny-32.tflite")
    image = np.full((32, 32, 3), (10, 60, 200), np.uint8)

    def drawn(**change):
        write_model(tmp_path / "m.tflite", model, dataclasses.replace(spec, **change))
        return open_session(tmp_path / "m.tflite").run(image)[5, 5].astype(int)

    # The network gives (blue, inverse red, green) of what it sees as red, green, blue, see tests/data/make_tiny.py.
    np.testing.assert_allclose(drawn(colour_order="BGR"), (60, 55, 10), atol=2)
    np.testing.assert_allclose(drawn(output_range=(-1.0, 3.0)), (100, 122, 30), atol=2)


def test_a_style_input_that_the_spec_does_not_name_is_refused(tmp_path):
    model, spec = read_model(DATA / "tiny-32-styles.tflite")
    write_model(tmp_path / "m.tflite", model, dataclasses.replace(spec, styles=("one",)))
    with pytest.raises(InputError, match="takes 2 styles, but names 1"):
        open_session(tmp_path / "m.tflite")


def test_missing_file_and_unknown_kind(tmp_path):
    with pytest.raises(InputError, match="does not exist: name a file"):
        open_session(tmp_path / "none.tflite")
    (tmp_path / "model.pb").touch()
    with pytest.raises(InputError, match=r"is not a model file that this runtime opens"):
        open_session(tmp_path / "model.pb")
