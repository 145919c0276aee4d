"""Mutants of model files, with a hash that holds, through the real door: a session or one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, read_model, write_model


def run_a_frame(path):
    session = open_session(path, threads=1)
    session.run(np.full((session.size_px, session.size_px, 3), 128, np.uint8))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "share"), [("tiny-32.tflite", 0.4), ("tiny-32-styles.tflite", 0.4), ("tiny-32.onnx", 0.2)]
)
def test_a_mutant_is_a_model_or_a_sentence(tmp_path, tiny_model, mutants, sentence_of, bounded, name, share):
    if name.endswith(".onnx"):
        pytest.importorskip("onnxruntime")
    model, spec = read_model(tiny_model.with_name(name))
    path = tmp_path / name
    answers = []
    with bounded():  # the child has a limit of its own
        for mutant in mutants(model, share=share):
            write_model(path, mutant, spec)
            answers.append(sentence_of(run_a_frame, path))
    assert 0 < answers.count("") < len(answers)


@pytest.mark.parametrize("name", ["tiny-32.tflite", "tiny-32.onnx"])
def test_a_mutant_of_the_whole_file_is_a_model_or_a_sentence(tmp_path, tiny_model, mutants, sentence_of, name):
    """Its hash holds no longer unless only the tail changed."""
    path = tmp_path / name
    for mutant in mutants(tiny_model.with_name(name).read_bytes(), 10**6, share=0.5):
        path.write_bytes(mutant)
        sentence_of(read_model, path)


def test_a_mutant_of_the_spec_is_a_spec_or_a_sentence(tiny_model, mutants, sentence_of):
    _, spec = read_model(tiny_model)
    for mutant in mutants(spec.to_json().encode(), 2 * 10**6):
        sentence_of(ModelSpec.from_json, mutant.decode("utf-8", "replace"), "m.tflite")
