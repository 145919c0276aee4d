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


def test_two_models_are_compared_only_when_asked(result):
    other = dataclasses.replace(result, model=dataclasses.replace(result.model, sha256="0" * 64))
    with pytest.raises(InputError, match="are two model files, by their hashes: --between-models"):
        compare(result, other, 0.05)
    assert compare(result, other, 0.05, between_models=True)[1] is False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"load_ms": 3.0}, "load x 3.000"),
        ({"peak_memory_mb": 1.2}, "peak memory x 1.200"),
    ],
)
def test_load_and_memory_are_judged_too(result, change, words):
    ((name, factor),) = change.items()
    variants = [dataclasses.replace(one, **{name: getattr(one, name) * factor}) for one in result.variants]
    text, regressed = compare(result, dataclasses.replace(result, variants=variants, other_cores=0.0), 0.05)
    assert regressed
    assert [line for line in text.splitlines() if "REGRESSION" in line and words in line]


def test_the_tail_and_the_pipeline_are_judged_on_a_quiet_machine_only(result):
    def with_tail(one):
        infer = dataclasses.replace(one.stages["infer"], p95_ms=one.stages["infer"].p95_ms * 2)
        return dataclasses.replace(one, stages=one.stages | {"infer": infer})

    quiet = dataclasses.replace(result, other_cores=0.0)
    pipeline = dataclasses.replace(quiet.pipeline, live_frames_per_s=quiet.pipeline.live_frames_per_s / 2)
    worse = dataclasses.replace(quiet, variants=[*map(with_tail, quiet.variants)], pipeline=pipeline)
    text, regressed = compare(quiet, worse, 0.05)
    assert regressed
    assert "p95 x 2.000 (tolerance 25%)  REGRESSION" in text
    assert "time of a live frame x 2.000 (tolerance 15%)  REGRESSION" in text
    text, regressed = compare(quiet, dataclasses.replace(worse, other_cores=0.8), 0.05)
    assert not regressed
    assert "not judged on a busy machine" in text
