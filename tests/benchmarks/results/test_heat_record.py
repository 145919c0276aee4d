import pytest

from facetoon.benchmarks.results.heat_record import Slice, judge_heat


def slices(rates, bits=None, others=(0.0, 0.0), clocks=(None, None), heat=(None, None)):
    """Seconds of a run; other cores, clock and temperature have one value before second 50 and one after it."""

    def second(n, rate):
        late = n >= 50
        return Slice(float(n), rate, 1.0, heat[late], clocks[late], (bits or {}).get(n, ()), others[late])

    return [second(n, rate) for n, rate in enumerate(rates)]


FALLING = [100] * 50 + [70] * 50


@pytest.mark.parametrize(
    ("seen", "by"),
    [
        ({"clocks": (1500, 1000), "others": (0.0, 1.0)}, "clock"),
        ({"clocks": (1500, 1500), "heat": (50.0, 82.0)}, "temperature"),
        ({"clocks": (1500, 1500), "heat": (50.0, 51.0)}, "rate"),
        ({"others": (0.0, 0.05)}, "rate"),
        ({"others": (0.0, 0.6)}, ""),
        ({"others": (0.0, 0.6), "heat": (50.0, 82.0)}, ""),
        ({"others": (None, None), "heat": (50.0, 51.0)}, ""),
    ],
)
def test_a_fall_is_throttling_only_where_something_shows_it(seen, by):
    verdict = judge_heat(slices(FALLING, **seen))
    assert verdict.by == by
    assert (verdict.throttled_at_s is None) == (by == "")
    assert "not shown to be throttling" in verdict.text() or by


def test_other_work_that_was_there_from_the_start_explains_nothing():
    assert judge_heat(slices(FALLING, others=(0.9, 0.9))).by == "rate"


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
