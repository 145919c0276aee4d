from importlib.util import find_spec

import pytest

from facetoon.benchmarks.roofline.device_peaks import Peaks, roofline_share
from facetoon.benchmarks.roofline.fixed_shapes import read_tflite
from facetoon.benchmarks.roofline.node_profile import profile_nodes
from facetoon.benchmarks.roofline.operator_counts import Op, count_ops, count_tflite
from facetoon.benchmarks.roofline.operator_profile import profile_operators, single_op_models
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.spec import read_model

PEAKS = Peaks("litert", 1, 100.0, 25.0, {1000: 100.0, 1_000_000: 10.0})


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


def test_every_operator_runs_alone(tiny_model):
    tree = read_tflite(tiny_model.read_bytes())
    alone = single_op_models(tree)
    assert len(alone) == len(count_tflite(tree))
    for one in alone:
        open_interpreter(one, "one", "litert", 1)[0].invoke()


def test_an_operator_that_beats_a_measured_peak_raises_it(tiny_model):
    slow = Peaks("litert", 1, 1e-6, 1e-6, {1000: 1e-6, 1_000_000: 1e-6})
    rows = profile_operators(tiny_model.read_bytes(), None, "litert", 1, slow, seconds=0)
    assert max(row["roofline_share"] for row in rows) == 1


def test_a_network_of_any_size_is_profiled_at_a_size(any_size_tflite):
    (row,) = profile_operators(any_size_tflite.read_bytes(), (32, 48), "litert", 1, PEAKS, seconds=0)
    assert row["shape"] == [1, 32, 48, 3]
    assert row["alone_ms"] > 0


@pytest.mark.skipif(not find_spec("onnxruntime"), reason="needs pip install 'facetoon[onnx]'")
def test_an_onnx_file_is_profiled_inside_its_graph(tiny_model):
    model = read_model(tiny_model.with_suffix(".onnx"))[0]
    rows = profile_nodes(model, None, "onnxruntime", 1, PEAKS)
    convolution = next(row for row in rows if row["op"] == "Conv")
    assert convolution["macs"] >= 32 * 32 * 3 * 3
    assert all(0 < row["alone_ms"] < 1000 and 0 <= row["roofline_share"] <= 1 for row in rows)


def test_the_profile_has_a_row_for_each_operator(tiny_model):
    rows = profile_operators(tiny_model.read_bytes(), None, "litert", 1, PEAKS, seconds=0)
    assert [row["op"] for row in rows] == [op.kind for op in count_ops(tiny_model.read_bytes())]
    assert all(row["alone_ms"] > 0 for row in rows)
