import pytest

from facetoon.benchmarks.results.heat_record import Slice, judge_heat


def slices(rates, bits=None):
    return [Slice(float(n), rate, 1.0, None, None, (bits or {}).get(n, ())) for n, rate in enumerate(rates)]


def test_a_steady_run_does_not_throttle():
    verdict = judge_heat(slices([100, 101, 99] * 30))
    assert verdict.throttled_at_s is None
    assert "No throttling" in verdict.text()


def test_a_short_dip_is_no_throttling():
    assert judge_heat(slices([100] * 40 + [50] * 3 + [100] * 47)).throttled_at_s is None


def test_throttling_is_dated_and_the_settled_rate_told():
    verdict = judge_heat(slices([100] * 50 + [70] * 50))
    assert verdict.throttled_at_s == pytest.approx(50, abs=8)
    assert (verdict.start_rate_hz, verdict.settled_rate_hz, verdict.by) == (100, 70, "rate")


def test_the_firmware_knows_first():
    verdict = judge_heat(slices([100] * 50 + [70] * 50, {3: ("throttled since boot",), 42: ("throttled",)}))
    assert (verdict.throttled_at_s, verdict.by) == (42.0, "throttled")


def test_a_run_that_is_slow_to_the_end_of_a_short_record():
    assert judge_heat(slices([100, 100, 100, 60, 60, 60])).throttled_at_s is not None
