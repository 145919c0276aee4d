import pytest

from facetoon.benchmarks.roofline.device_peaks import Peaks, roofline_share
from facetoon.benchmarks.roofline.operator_counts import Op, count_tflite
from facetoon.benchmarks.roofline.operator_profile import profile_operators, single_op_models
from facetoon.edge_runtime.sessions.litert_session import open_interpreter

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
    model = tiny_model.read_bytes()
    alone = single_op_models(model)
    assert len(alone) == len(count_tflite(model))
    for one in alone:
        open_interpreter(one, "one", "litert", 1)[0].invoke()


def test_the_profile_has_a_row_for_each_operator(tiny_model):
    rows = profile_operators(tiny_model.read_bytes(), "litert", 1, PEAKS, seconds=0)
    assert [row["op"] for row in rows] == [op.kind for op in count_tflite(tiny_model.read_bytes())]
    assert all(row["alone_ms"] > 0 for row in rows)
