from __future__ import annotations

import dataclasses
import importlib.util
import sys

import numpy as np
import pytest

from edge_runtime.errors import InputError
from edge_runtime.session import DEFAULT_MODEL, open_session
from edge_runtime.spec import read_model, write_model


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


RUNTIMES = [
    pytest.param("litert", marks=pytest.mark.skipif(not installed("ai_edge_litert"), reason="no ai-edge-litert")),
    pytest.param(
        "tflite-runtime",
        marks=pytest.mark.skipif(
            not installed("tflite_runtime"), reason="needs pip install 'facetoon[tflite-runtime]'"
        ),
    ),
]


@pytest.mark.parametrize("runtime", RUNTIMES)
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

    def test_the_shipped_model_loads(self, runtime):
        session = open_session(DEFAULT_MODEL, runtime)
        assert session.spec.recipe == "static_wi8_ai8"
        assert DEFAULT_MODEL.stat().st_size < 1_000_000


def test_a_missing_runtime_is_said_and_not_replaced(tiny_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", None)
    with pytest.raises(InputError, match=r"tflite-runtime is not installed; pip install 'facetoon\[tflite-runtime\]'"):
        open_session(tiny_model, "tflite-runtime")


@pytest.mark.parametrize("change", [{"value_range": (0.0, 1.0)}, {"colour_order": "BGR"}])
def test_another_range_or_colour_order_is_refused_and_not_guessed(tiny_model, tmp_path, change):
    model, spec = read_model(tiny_model)
    write_model(tmp_path / "m.tflite", model, dataclasses.replace(spec, **change))
    with pytest.raises(InputError, match=r"this facetoon gives RGB in \(-1.0, 1.0\)"):
        open_session(tmp_path / "m.tflite")


def test_missing_file_and_unknown_kind(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        open_session(tmp_path / "none.tflite")
    with pytest.raises(InputError, match=r"is not a model file that this runtime opens"):
        open_session(tmp_path / "model.onnx")
