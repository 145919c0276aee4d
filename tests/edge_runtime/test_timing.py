from __future__ import annotations

import math

import pytest

from facetoon.edge_runtime.timing import Percentiles, RateMeter, StageTimer


def test_nearest_rank_percentiles():
    p = Percentiles.of(range(100, 0, -1))
    assert (p.count, p.p50_ms, p.p95_ms, p.p99_ms) == (100, 50, 95, 99)
    assert Percentiles.of([7.0]) == Percentiles(1, 7.0, 7.0, 7.0)
    assert math.isnan(Percentiles.of([]).p50_ms)


def test_stages_come_in_pipeline_order_and_memory_is_bounded():
    timer = StageTimer(keep=10)
    for n in range(100):
        timer.add("latency", n)
        timer.add("encode", n)
        timer.add("decode", n)
    report = timer.percentiles()
    assert list(report) == ["decode", "encode", "latency"]
    assert report["decode"].count == 10
    assert report["decode"].p50_ms == 94


def test_stage_measures_the_block(monkeypatch):
    clock = iter([1.0, 1.25])
    monkeypatch.setattr("facetoon.edge_runtime.timing.time.perf_counter", lambda: next(clock))
    timer = StageTimer()
    with timer.stage("infer"):
        pass
    assert timer.percentiles()["infer"].p50_ms == pytest.approx(250)


def test_rate_forgets_what_lies_before_the_window(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("facetoon.edge_runtime.timing.time.monotonic", lambda: now[0])
    meter = RateMeter(window_s=2.0)
    for tick in range(40):
        now[0] = tick * 0.1
        meter.tick()
    assert meter.rate() == pytest.approx(10)
    now[0] += 10
    assert meter.rate() == 0
