import dataclasses

import pytest

from facetoon.benchmarks.results.intervals import Times
from facetoon.benchmarks.results.regression import compare
from facetoon.edge_runtime.errors import InputError


def slower(result, factor):
    def scale(one):
        rounds = [[ms * factor] * 20 for ms in one.stages["infer"].round_p50_ms]
        return dataclasses.replace(one, stages=one.stages | {"infer": Times.of(rounds)})

    return dataclasses.replace(result, variants=[scale(one) for one in result.variants])


@pytest.mark.parametrize(("factor", "regressed"), [(1.0, False), (1.03, False), (1.2, True), (0.8, False)])
def test_verdict_on_made_up_results(result, factor, regressed):
    text, found = compare(result, slower(result, factor), 0.05)
    assert found is regressed
    assert ("REGRESSION" in text) is regressed
    assert f"x {factor:.3f}" in text


def test_two_devices_are_not_compared(result):
    other = dataclasses.replace(result, device=dataclasses.replace(result.device, board="another"))
    with pytest.raises(InputError, match="two devices"):
        compare(result, other, 0.05)


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), 50])
def test_a_tolerance_must_mean_something(result, tolerance):
    with pytest.raises(InputError, match="tolerance"):
        compare(result, result, tolerance)
