"""Other projects' models, made here: a session returns the picture that the network makes of its input."""

from importlib.util import find_spec

import numpy as np
import pytest

from facetoon.benchmarks.roofline.flatbuffer_graph import FLOAT32, FlatbufferGraph
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.adoption import AdoptionFacts
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.value_range import UNIT, ValueRange

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


def opened(path, source=None, target=None, **facts):
    ranges = [ValueRange((ends[0],), (ends[1],)) if ends else None for ends in (source, target)]
    return open_session(path, threads=1, facts=AdoptionFacts(*ranges, **facts))


def test_the_span_of_a_quantized_tensor_is_its_range_only_where_colours_do_not_matter(stripped):
    path = stripped("tiny-32.tflite")
    with pytest.raises(InputError, match="does not say the range of values of its input"):
        opened(path)
    session = opened(path, trusts_scales=True)
    assert session.spec.value_range == pytest.approx((-1, 1), abs=0.01)
    assert np.abs(session.run(IMAGE).astype(int) - TINY_MAKES).max() <= 2


@needs_onnxruntime
def test_a_float_onnx_with_its_range(stripped):
    session = opened(stripped("tiny-32.onnx"), (-1, 1))
    assert np.array_equal(session.run(IMAGE), TINY_MAKES)


def test_a_float_tflite_with_its_range(float_tflite):
    assert np.array_equal(opened(float_tflite, (0, 1)).run(IMAGE), IMAGE)
    half = opened(float_tflite, (-1, 1)).run(IMAGE)
    assert np.array_equal(half, np.maximum(IMAGE, 128))  # values below grey are cut


def test_the_output_may_have_another_range(float_tflite):
    doubled = opened(float_tflite, (0, 1), (0, 0.5)).run(IMAGE)
    assert np.array_equal(doubled, np.minimum(IMAGE.astype(int) * 2, 255))


def test_the_metadata_of_a_file_says_its_ranges(float_tflite):
    with_metadata = pytest.importorskip("facetoon.convert.formats.tflite_metadata").with_metadata
    spec = opened(float_tflite, (0, 1)).spec
    float_tflite.write_bytes(with_metadata(float_tflite.read_bytes(), spec))
    assert opened(float_tflite).spec.value_range == (0, 1)


@needs_onnxruntime
@pytest.mark.parametrize(
    ("dtype", "told"),
    [("float32", (-1, 1)), ("float32", (0, 255)), ("float16", (0, 1)), ("uint8", None), ("int8", (-128, 127))],
)
@pytest.mark.parametrize("shape", [(1, 32, 32, 3), (1, 3, 32, 32), ("batch", 3, "height", "width")])
def test_every_type_and_layout_of_onnx(identity_onnx, dtype, told, shape):
    sides_px = (32, 32) if "height" in shape else None
    session = opened(identity_onnx(dtype, shape), told, told, sides_px=sides_px)
    assert np.array_equal(session.run(IMAGE), IMAGE)


@needs_onnxruntime
@pytest.mark.parametrize("shape", [(1, 32, 48, 3), (1, 3, 48, 32), (1, 3, "h", "w")])
def test_a_rectangle_draws_the_square_in_its_middle(identity_onnx, shape):
    session = opened(identity_onnx("float32", shape), (0, 1), sides_px=(32, 48) if "h" in shape else None)
    assert session.size_px == 32
    assert np.array_equal(session.run(IMAGE), IMAGE)
    tensor = session.to_tensor(IMAGE)
    assert 48 in tensor.shape
    assert tensor.mean() == pytest.approx(IMAGE.mean() / 255, abs=0.05)  # mirrored borders, not black ones


@needs_onnxruntime
@pytest.mark.parametrize(
    ("dtype", "shape", "told", "words"),
    [
        ("float32", (1, 32, 32, 3), {}, "state it with --range"),
        ("float32", (1, 3, "h", "w"), {"input_range": UNIT}, "state one with --size"),
        ("float64", (1, 32, 32, 3), {"input_range": UNIT}, r"tensor\(double\)"),
        ("float32", (1, 1000), {"input_range": UNIT}, "not one picture|1000"),
        ("float32", (1, 32, 32, 3), {"input_range": UNIT, "sides_px": (64, 64)}, "of 32x32 px, height x width, not of"),
        ("float32", (1, 32, 32, 3), {"input_range": ValueRange((0, 1, 2), (3, 4, 5))}, "range for each channel"),
    ],
)
def test_what_cannot_be_known_is_asked_for(identity_onnx, dtype, shape, told, words):
    with pytest.raises(InputError, match=words):
        open_session(identity_onnx(dtype, shape), facts=AdoptionFacts(**told))


@needs_onnxruntime
def test_weights_beside_a_file_are_found_by_its_own_path_and_taken_in(tmp_path, monkeypatch):
    onnx = pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")
    value = onnx.helper.make_tensor_value_info
    nodes = [onnx.helper.make_node("Mul", ["in", "gain"], ["out"])]
    for folder, gain in (("model", 0.5), ("elsewhere", 0.0)):
        gains = onnx.numpy_helper.from_array(np.full((1, 32, 32, 3), gain, np.float32), "gain")
        shapes = [value(name, 1, (1, 32, 32, 3)) for name in ("in", "out")]
        graph = onnx.helper.make_graph(nodes, "g", shapes[:1], shapes[1:], [gains])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
        (tmp_path / folder).mkdir()
        onnx.save(model, tmp_path / folder / "m.onnx", save_as_external_data=True, location="m.data")
    monkeypatch.chdir(tmp_path / "elsewhere")
    drawn = opened(tmp_path / "model" / "m.onnx", (0, 1)).run(IMAGE)
    assert np.abs(drawn.astype(int) * 2 - IMAGE).max() <= 2
