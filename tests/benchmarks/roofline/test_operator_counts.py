from importlib.util import find_spec
from pathlib import Path

import pytest

from facetoon.benchmarks.roofline.device_peaks import best_ms
from facetoon.benchmarks.roofline.matrix_models import addition_model, product_model
from facetoon.benchmarks.roofline.onnx_matrix_models import addition_onnx, product_onnx
from facetoon.benchmarks.roofline.operator_counts import count_ops, count_tflite
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.litert_session import open_interpreter

DATA = Path(__file__).parents[2] / "data"


def test_the_tiny_model_is_counted(tiny_model):
    convolution = next(op for op in count_ops(tiny_model) if op.kind == "CONV_2D")
    assert convolution.macs == 32 * 32 * 3 * 3
    assert convolution.dtype == "int8"
    assert convolution.bytes == 2 * 32 * 32 * 3 + 9 + 3 * 4  # both pictures, int8 weights, int32 biases


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_products_run_and_are_counted(dtype):
    model = product_model(dtype, 32)
    ops = count_tflite(model)
    assert sum(op.macs for op in ops) == 4 * 32**3
    assert {op.dtype for op in ops} == {dtype}
    open_interpreter(model, "product", "litert", 1)[0].invoke()


@pytest.mark.skipif(not find_spec("onnxruntime"), reason="needs pip install 'facetoon[onnx]'")
@pytest.mark.parametrize("dtype", ["int8", "uint8", "float32"])
def test_onnx_products_run_and_are_counted(dtype, tmp_path):
    pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")
    path = tmp_path / "product.onnx"
    path.write_bytes(product_onnx(dtype, 32))
    ops = count_ops(path)
    assert [op.kind for op in ops] == ["MatMul"] * 4
    assert sum(op.macs for op in ops) == 4 * 32**3
    assert {op.dtype for op in ops} == {dtype.removeprefix("u")}
    assert best_ms(path.read_bytes(), "onnxruntime", 1, 0) > 0
    assert best_ms(addition_onnx(1000, 2), "onnxruntime", 1, 0) > 0


def test_both_kinds_of_the_tiny_model_count_the_same():
    pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")
    counts = [sum(op.macs for op in count_ops(DATA / f"tiny-32.{kind}")) for kind in ("tflite", "onnx")]
    assert counts == [32 * 32 * 3 * 3] * 2


def test_an_onnx_file_without_shapes_is_not_counted(tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")
    model = onnx.load(str(DATA / "tiny-32.onnx"))
    for taken in model.graph.input:
        taken.type.tensor_type.shape.dim[1].dim_param = "height"
    del model.graph.value_info[:]
    onnx.save(model, str(tmp_path / "any.onnx"))
    with pytest.raises(InputError, match="does not hold their shapes"):
        count_ops(tmp_path / "any.onnx")


def test_additions_move_three_tensors():
    (op,) = count_tflite(addition_model(1000))
    assert (op.macs, op.bytes) == (0, 12000)
