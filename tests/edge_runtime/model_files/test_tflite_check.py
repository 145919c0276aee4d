from __future__ import annotations

import struct

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.tracker import PACKAGED
from facetoon.edge_runtime.model_files.tailed_file import read_tailed
from facetoon.edge_runtime.model_files.tflite_check import MOST_MEMORY_VARIABLE, check_tflite
from facetoon.edge_runtime.sessions.session import shipped_generators

schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
flatbuffers = pytest.importorskip("flatbuffers")


def rebuilt(model, change):
    """The model after `change`, which gets the tree of its tables."""
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model))
    change(tree)
    builder = flatbuffers.Builder()
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.fixture
def model(tiny_model):
    return read_tailed(tiny_model)[0]


@pytest.mark.parametrize("path", [PACKAGED, *shipped_generators()], ids=lambda path: path.stem)
def test_shipped_models_hold(path):
    check_tflite(read_tailed(path)[0], path.name)


def first_operator(tree):
    return tree.subgraphs[0].operators[0]


def leave_out_an_input(tree):
    first_operator(tree).inputs = [-1, *first_operator(tree).inputs[1:]]


def name_no_tensor(tree):
    first_operator(tree).outputs = [999]


def claim_a_large_picture(tree):
    for tensor in tree.subgraphs[0].tensors:
        if len(tensor.shape) == 4 and tensor.shape[1] == 32:
            tensor.shape = [1, 8192, 8192, tensor.shape[3]]


def claim_a_negative_side(tree):
    tree.subgraphs[0].tensors[0].shape = [1, -32, 32, 3]


def name_no_buffer(tree):
    tree.subgraphs[0].tensors[0].buffer = 999


def enlarge_a_constant(tree):
    constant = next(t for t in tree.subgraphs[0].tensors if tree.buffers[t.buffer].data is not None)
    constant.shape = [len(tree.buffers[constant.buffer].data) + 1]
    constant.quantization = None


def name_no_code(tree):
    first_operator(tree).opcodeIndex = 77


def read_the_output(tree):
    first_operator(tree).inputs = first_operator(tree).outputs


def write_over_the_input(tree):
    first_operator(tree).outputs = [tree.subgraphs[0].inputs[0]]


def give_the_input_values(tree):
    tree.subgraphs[0].tensors[tree.subgraphs[0].inputs[0]].buffer = len(tree.buffers)
    tree.buffers.append(type(tree.buffers[0])())
    tree.buffers[-1].data = np.zeros(99_999, np.uint8)


def compute_twice(tree):
    tree.subgraphs[0].operators.append(tree.subgraphs[0].operators[-1])


def leave_out_the_graph(tree):
    tree.subgraphs = []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (leave_out_an_input, "names a tensor that is not there"),
        (name_no_tensor, "names a tensor that is not there"),
        (claim_a_large_picture, f"MB, of at most 256; {MOST_MEMORY_VARIABLE} allows more"),
        (claim_a_negative_side, "a tensor has the shape"),
        (name_no_buffer, "a tensor has no buffer"),
        (enlarge_a_constant, "has values for"),
        (name_no_code, "an operator has no code"),
        (read_the_output, "an operator reads what none before it computes"),
        (write_over_the_input, "an operator writes over an input"),
        (give_the_input_values, "an input of the graph has values in the file"),
        (compute_twice, "over what another has computed"),
        (leave_out_the_graph, "it has no graph"),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_what_does_not_hold_is_refused(model, change, reason):
    with pytest.raises(InputError, match=reason):
        check_tflite(rebuilt(model, change), "m.tflite")


@pytest.mark.parametrize("root", [0, 3, 2**31, 2**32 - 1])
def test_a_root_outside_the_file_is_refused(model, root):
    with pytest.raises(InputError, match=r"m\.tflite is a damaged TFLite model"):
        check_tflite(struct.pack("<I", root) + model[4:], "m.tflite")


def test_the_variable_allows_more_memory(model, monkeypatch):
    monkeypatch.setenv(MOST_MEMORY_VARIABLE, "9000")
    check_tflite(rebuilt(model, claim_a_large_picture), "m.tflite")
    monkeypatch.setenv(MOST_MEMORY_VARIABLE, "plenty")
    with pytest.raises(InputError, match="it takes a number of megabytes"):
        check_tflite(model, "m.tflite")
