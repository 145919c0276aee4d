"""The one table of runtimes."""

from __future__ import annotations

import sys

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.base_session import BaseSession
from facetoon.edge_runtime.sessions.runtimes import (
    MODEL_SUFFIXES,
    RUNTIMES,
    choose_runtime,
    runtime_beside,
    runtimes_for,
)


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_every_runtime_has_a_session(runtime):
    assert issubclass(runtime.session_class(), BaseSession)


def test_every_kind_of_file_has_a_default_and_further_runtimes_by_name():
    assert MODEL_SUFFIXES == (".tflite", ".onnx")
    assert [runtime.name for runtime in runtimes_for(".tflite")] == ["litert", "tflite-runtime"]
    assert choose_runtime("m.tflite", ".tflite").name == "litert"
    assert choose_runtime("m.tflite", ".tflite", "tflite-runtime").name == "tflite-runtime"
    assert choose_runtime("m.onnx", ".onnx").name == "onnxruntime"
    assert runtimes_for(".pb") == []


@pytest.mark.parametrize(
    ("suffix", "name", "message"),
    [
        (".tflite", "onnxruntime", r"onnxruntime does not run \.tflite files such as m\.tflite"),
        (".onnx", "litert", r"litert does not run \.onnx files such as m\.onnx"),
        (".tflite", "tflite", "no runtime tflite; choose litert, tflite-runtime or onnxruntime"),
        (".pb", None, r"m\.pb is not a model file that this runtime opens \(\.tflite or \.onnx\)"),
    ],
)
def test_none_is_put_in_the_place_of_another(suffix, name, message):
    with pytest.raises(InputError, match=message):
        choose_runtime(f"m{suffix}", suffix, name)


@pytest.mark.parametrize(
    ("generator", "tracker"),
    [(None, "litert"), ("litert", "litert"), ("tflite-runtime", "tflite-runtime"), ("onnxruntime", "litert")],
)
def test_the_tracker_runs_on_the_generators_runtime_where_that_can(generator, tracker):
    assert runtime_beside(generator).name == tracker


def test_a_missing_library_is_said_with_what_brings_it(monkeypatch):
    for runtime in RUNTIMES.values():
        monkeypatch.setitem(sys.modules, runtime.module, None)
    with pytest.raises(InputError, match=r"runtime litert is not installed; pip install facetoon brings it"):
        RUNTIMES["litert"].load()
    with pytest.raises(InputError, match=r"onnxruntime is not installed; pip install 'facetoon\[onnx\]' brings it"):
        RUNTIMES["onnxruntime"].load()
    assert not RUNTIMES["onnxruntime"].is_installed
