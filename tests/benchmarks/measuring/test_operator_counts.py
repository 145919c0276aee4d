from importlib.util import find_spec
from pathlib import Path

import pytest
from facetoon.benchmarks.boards.anchor_nets import mobilenet_v1, mobilenet_v2
from facetoon.benchmarks.boards.projection import ANCHORS, GMAC_PER_S, estimates
from facetoon.benchmarks.measuring.matrix_models import addition_model, product_model, single_op_models
from facetoon.benchmarks.measuring.onnx_matrix_models import addition_onnx, product_onnx
from facetoon.benchmarks.measuring.operator_counts import Op, count_ops, count_tflite
from facetoon.benchmarks.measuring.roofline import Peaks, _best_ms, roofline_share
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.litert_session import open_interpreter

DATA = Path(__file__).parents[2] / "data"
PEAKS = Peaks("litert", 1, 100.0, 25.0, {1000: 100.0, 1_000_000: 10.0})


def test_the_tiny_model_is_counted(tiny_model):
    convolution = next(op for op in count_ops(tiny_model) if op.kind == "CONV_2D")
    assert convolution.macs == 32 * 32 * 3 * 3
    assert convolution.dtype == "int8"
    assert convolution.bytes == 2 * 32 * 32 * 3 + 9 + 3 * 4 * (convolution.bytes > 2 * 32 * 32 * 3 + 9)


@pytest.mark.parametrize(("build", "published"), [(mobilenet_v1, 569), (mobilenet_v2, 300)])
def test_the_anchor_nets_have_the_published_counts(build, published):
    assert sum(op.macs for op in count_tflite(build())) / 1e6 == pytest.approx(published, rel=0.005)


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
    assert _best_ms(path.read_bytes(), "onnxruntime", 1, 0) > 0
    assert _best_ms(addition_onnx(1000, 2), "onnxruntime", 1, 0) > 0


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
    with pytest.raises(InputError, match="does not tell their shapes"):
        count_ops(tmp_path / "any.onnx")


def test_additions_move_three_tensors():
    (op,) = count_tflite(addition_model(1000))
    assert (op.macs, op.bytes) == (0, 12000)


def test_every_operator_runs_alone(tiny_model):
    model = tiny_model.read_bytes()
    alone = single_op_models(model)
    assert len(alone) == len(count_tflite(model))
    for one in alone:
        open_interpreter(one, "one", "litert", 1)[0].invoke()


def test_roofline_takes_the_stricter_bound_and_the_fitting_bandwidth():
    heavy, light, large = (
        Op(0, "CONV_2D", 1_000_000, 100, "int8", ()),
        Op(1, "ADD", 0, 1000, "float32", ()),
        Op(2, "ADD", 0, 10_000_000, "float32", ()),
    )
    assert PEAKS.least_ms(heavy) == pytest.approx(0.01)
    assert PEAKS.least_ms(light) == pytest.approx(1e-5)
    assert PEAKS.least_ms(large) == pytest.approx(1.0)
    assert roofline_share([heavy, large], PEAKS, 2.02) == 0.5


def test_a_projection_is_a_range_over_its_anchors():
    found = estimates("pi4", {"v1": 0.5, "v2": 0.75}, 120_000_000)
    assert [round(ms, 2) for ms, _ in found] == [5.06, 10.0, 12.0, 12.75]
    assert all(why for _, why in found)
    assert set(ANCHORS) == set(GMAC_PER_S)
