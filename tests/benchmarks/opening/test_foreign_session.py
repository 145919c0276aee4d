"""Other projects' models, made here: the session must return the picture that the network makes of its input."""

from importlib.util import find_spec

import numpy as np
import pytest

from facetoon.benchmarks.__main__ import main
from facetoon.benchmarks.opening.foreign_session import Foreign, ForeignSession
from facetoon.benchmarks.opening.variant import Variant
from facetoon.benchmarks.roofline.flatbuffer_graph import FLOAT32, FlatbufferGraph
from facetoon.edge_runtime.errors import InputError

LITERT, ONNX = Variant("litert", 1, True), Variant("onnxruntime", 1, None)
IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
TINY_MAKES = np.stack([IMAGE[..., 2], 255 - IMAGE[..., 0], IMAGE[..., 1]], axis=-1)  # see tests/data/make_tiny.py
needs_onnxruntime = pytest.mark.skipif(not find_spec("onnxruntime"), reason="needs pip install 'facetoon[onnx]'")


@pytest.fixture
def float_tflite(tmp_path):
    """A network that clips at 0: with the range 0,1 it gives the picture back."""
    graph = FlatbufferGraph([("RELU", 1)])
    source, target = (graph.add_tensor(name, (1, 32, 32, 3), FLOAT32) for name in ("in", "out"))
    graph.inputs, graph.outputs = [source], [target]
    graph.add_operator("RELU", [source], target)
    path = tmp_path / "relu.tflite"
    path.write_bytes(graph.to_bytes())
    return path


@pytest.fixture
def identity_onnx(tmp_path):
    """Write an ONNX file that gives its input back, of any type and shape."""
    onnx = pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")

    def write(dtype, shape, out_shape=None):
        kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        named = (("in", shape), ("out", out_shape or shape))
        source, target = (onnx.helper.make_tensor_value_info(name, kind, sides) for name, sides in named)
        graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["in"], ["out"])], "g", [source], [target])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
        path = tmp_path / "identity.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return write


def test_a_quantized_tflite_tells_its_range_itself(stripped):
    session = ForeignSession(stripped("tiny-32.tflite"), LITERT, Foreign())
    assert session.value_range == pytest.approx((-1, 1), abs=0.01)
    assert np.abs(session.run(IMAGE).astype(int) - TINY_MAKES).max() <= 2


@needs_onnxruntime
def test_a_float_onnx_with_its_range(stripped):
    session = ForeignSession(stripped("tiny-32.onnx"), ONNX, Foreign((-1, 1)))
    assert np.array_equal(session.run(IMAGE), TINY_MAKES)


def test_a_float_tflite_with_its_range(float_tflite):
    assert np.array_equal(ForeignSession(float_tflite, LITERT, Foreign((0, 1))).run(IMAGE), IMAGE)
    half = ForeignSession(float_tflite, LITERT, Foreign((-1, 1))).run(IMAGE)
    assert np.array_equal(half, np.maximum(IMAGE, 128))  # values below grey are cut


def test_the_output_may_have_another_range(float_tflite):
    doubled = ForeignSession(float_tflite, LITERT, Foreign((0, 1), (0, 0.5))).run(IMAGE)
    assert np.array_equal(doubled, np.minimum(IMAGE.astype(int) * 2, 255))


@needs_onnxruntime
@pytest.mark.parametrize(
    ("dtype", "told"),
    [("float32", (-1, 1)), ("float32", (0, 255)), ("float16", (0, 1)), ("uint8", None), ("int8", None)],
)
@pytest.mark.parametrize("shape", [(1, 32, 32, 3), (1, 3, 32, 32), ("batch", 3, "height", "width")])
def test_every_type_and_layout_of_onnx(identity_onnx, dtype, told, shape):
    session = ForeignSession(identity_onnx(dtype, shape), ONNX, Foreign(told, size_px=32))
    assert np.array_equal(session.run(IMAGE), IMAGE)


@needs_onnxruntime
@pytest.mark.parametrize(
    ("dtype", "shape", "told", "words"),
    [
        ("float32", (1, 32, 32, 3), Foreign(), "give --range"),
        ("float32", (1, 3, "h", "w"), Foreign((-1, 1)), "give --size"),
        ("float64", (1, 32, 32, 3), Foreign((-1, 1)), r"tensor\(double\)"),
        ("float32", (1, 32, 16, 3), Foreign((-1, 1)), "32 x 16 px"),
        ("float32", (1, 1000), Foreign((-1, 1)), "not one colour picture"),
    ],
)
def test_what_cannot_be_known_is_asked_for(identity_onnx, dtype, shape, told, words):
    with pytest.raises(InputError, match=words):
        ForeignSession(identity_onnx(dtype, shape), ONNX, told)


@needs_onnxruntime
def test_a_file_that_denies_its_own_shape_is_refused_in_one_sentence(identity_onnx, capsys):
    path = identity_onnx("float32", (1, 3, "h", "w"), (1, 3, "h", "w"))
    assert main(["run", str(path), "--threads", "1", "--range=-1..1", "--size", "-4"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
