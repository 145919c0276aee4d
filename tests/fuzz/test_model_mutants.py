"""Mutants of model files, with a hash that holds, through the real door: a session or one sentence."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, read_model, write_model

LONGEST_S = 20
MOST_MB = 500


def sentence_of(work, *arguments):
    """Call `work`; return the sentence of a refusal, or an empty text. Any other error is the test's."""
    start_s = time.monotonic()
    try:
        work(*arguments)
    except InputError as error:
        sentence = str(error)
    else:
        sentence = ""
    assert "\n" not in sentence
    assert len(sentence) < 600
    assert time.monotonic() - start_s < LONGEST_S
    return sentence


def memory_mb(name):
    """A figure of this process: VmRSS now, or VmHWM, its peak since `forget_peak`."""
    kilobytes = re.search(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes[1]) / 1024


def forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def run_a_frame(path):
    session = open_session(path, threads=1)
    session.run(np.full((session.size_px, session.size_px, 3), 128, np.uint8))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "share"), [("tiny-32.tflite", 0.4), ("tiny-32-styles.tflite", 0.4), ("tiny-32.onnx", 0.2)]
)
def test_a_mutant_is_a_model_or_a_sentence(tmp_path, tiny_model, mutants, name, share):
    if name.endswith(".onnx"):
        pytest.importorskip("onnxruntime")
    model, spec = read_model(tiny_model.with_name(name))
    path = tmp_path / name
    answers = []
    forget_peak()
    before_mb = memory_mb("VmRSS")
    for mutant in mutants(model, share=share):
        write_model(path, mutant, spec)
        answers.append(sentence_of(run_a_frame, path))
    assert 0 < answers.count("") < len(answers)
    assert memory_mb("VmHWM") - before_mb < MOST_MB  # the child has a limit of its own


@pytest.mark.parametrize("name", ["tiny-32.tflite", "tiny-32.onnx"])
def test_a_mutant_of_the_whole_file_is_a_model_or_a_sentence(tmp_path, tiny_model, mutants, name):
    """Its hash holds no longer unless only the tail changed."""
    path = tmp_path / name
    for mutant in mutants(tiny_model.with_name(name).read_bytes(), 10**6, share=0.5):
        path.write_bytes(mutant)
        sentence_of(read_model, path)


def test_a_mutant_of_the_spec_is_a_spec_or_a_sentence(tiny_model, mutants):
    _, spec = read_model(tiny_model)
    for mutant in mutants(spec.to_json().encode(), 2 * 10**6):
        sentence_of(ModelSpec.from_json, mutant.decode("utf-8", "replace"), "m.tflite")
