from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from facetoon.benchmarks.roofline.device_peaks import best_ms
from facetoon.benchmarks.roofline.matrix_models import addition_model, product_model
from facetoon.benchmarks.roofline.onnx_matrix_models import addition_onnx, product_onnx
from facetoon.benchmarks.roofline.operator_counts import count_ops
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.litert_session import open_interpreter

DATA = Path(__file__).parents[2] / "data"


def test_the_tiny_model_is_counted(tiny_model):
    convolution = next(op for op in count_ops(tiny_model.read_bytes()) if op.kind == "CONV_2D")
    assert convolution.macs == 32 * 32 * 3 * 3
    assert convolution.dtype == "int8"
    assert convolution.bytes == 2 * 32 * 32 * 3 + 9 + 3 * 4  # both pictures, int8 weights, int32 biases


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_products_run_and_are_counted(dtype):
    model = product_model(dtype, 32)
    ops = count_ops(model)
    assert sum(op.macs for op in ops) == 4 * 32**3
    assert {op.dtype for op in ops} == {dtype}
    open_interpreter(model, "product", "litert", 1)[0].invoke()


@pytest.mark.skipif(not find_spec("onnxruntime"), reason="needs pip install 'facetoon[onnx]'")
@pytest.mark.parametrize("dtype", ["int8", "uint8", "float32"])
def test_onnx_products_run_and_are_counted(dtype, tmp_path):
    pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")
    path = tmp_path / "product.onnx"
    path.write_bytes(product_onnx(dtype, 32))
    ops = count_ops(path.read_bytes())
    assert [op.kind for op in ops] == ["MatMul"] * 4
    assert sum(op.macs for op in ops) == 4 * 32**3
    assert {op.dtype for op in ops} == {dtype.removeprefix("u")}
    assert best_ms(path.read_bytes(), "onnxruntime", 1, 0) > 0
    assert best_ms(addition_onnx(1000, 2), "onnxruntime", 1, 0) > 0


def test_both_kinds_of_the_tiny_model_count_the_same():
    pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")
    counts = [sum(op.macs for op in count_ops((DATA / f"tiny-32.{kind}").read_bytes())) for kind in ("tflite", "onnx")]
    assert counts == [32 * 32 * 3 * 3] * 2


def test_an_onnx_file_of_any_size_is_counted_at_a_size_or_not_at_all():
    onnx = pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")
    model = onnx.load(str(DATA / "tiny-32.onnx"))
    for taken in model.graph.input:
        taken.type.tensor_type.shape.dim[1].dim_param = "height"
        taken.type.tensor_type.shape.dim[2].dim_param = "width"
    del model.graph.value_info[:]
    with pytest.raises(InputError, match="are not known"):
        count_ops(model.SerializeToString())
    assert sum(op.macs for op in count_ops(model.SerializeToString(), (16, 64))) == 16 * 64 * 3 * 3


@pytest.mark.skipif(not find_spec("onnxruntime"), reason="needs pip install 'facetoon[onnx]'")
def test_a_shape_that_the_graph_computes_is_found_by_a_run():
    """A resize to sizes that come from a constant times the shape, as torch exports it, and a convolution behind it."""
    onnx = pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    constant = onnx.numpy_helper.from_array
    nodes = [
        node("Shape", ["in"], ["shape"]),
        node("Mul", ["shape", "twice"], ["sizes"]),
        node("Cast", ["sizes"], ["counts"], to=onnx.TensorProto.INT64),
        node("Expand", ["in", "counts"], ["wide"]),
        node("Conv", ["wide", "weights"], ["out"]),
    ]
    weights = np.ones((8, 3, 1, 1), np.float32)
    constants = [constant(np.array([2, 1, 1, 1]), "twice"), constant(weights, "weights")]
    ends = [value("in", 1, ("n", 3, "h", "w"))], [value("out", 1, ("m", 8, "h", "w"))]
    graph = onnx.helper.make_graph(nodes, "g", *ends, constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    assert sum(op.macs for op in count_ops(model.SerializeToString(), (16, 24))) == 2 * 16 * 24 * 8 * 3


def test_a_tflite_file_of_any_size_is_counted_at_a_size(any_size_tflite):
    for sides_px in ((64, 64), (32, 48)):
        (op,) = count_ops(any_size_tflite.read_bytes(), sides_px)
        assert op.macs == sides_px[0] * sides_px[1] * 3 * 3
        assert op.shape == (1, *sides_px, 3)


def test_additions_move_three_tensors():
    (op,) = count_ops(addition_model(1000))
    assert (op.macs, op.bytes) == (0, 12000)
