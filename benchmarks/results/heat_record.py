"""The record of a sustained run, and the verdict whether and when the device throttled."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from facetoon.benchmarks.device.device_facts import DeviceRecord
from facetoon.benchmarks.device.device_state import SINCE_BOOT

WINDOW = 15  # slices; other work, not heat, causes shorter dips
DROP = 0.95  # of the rate at the start
CLOCK_DROP = 0.97  # of the clock at the start
HOT_RISE_C = 5.0
COST_OF_CORE = 2.0
"""Loss of rate, in cores' worth, that a core of other work explains: it takes time, caches and a hyperthread's twin."""


@dataclass(frozen=True)
class Slice:
    """One second of the run."""

    at_s: float
    rate_hz: float
    p50_ms: float
    temperature_c: float | None
    clock_mhz: int | None
    throttled: tuple[str, ...] | None
    other_cores: float | None = None
    """Cores that other processes kept busy; None where the system does not say."""


@dataclass(frozen=True)
class Sustained:
    """The fields of a whole run's file."""

    device: DeviceRecord
    model: str
    variant: str
    slices: list[Slice]
    threads: int = 1

    def to_json(self) -> str:
        """Return the text of its file, without a final newline."""
        return json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False)


@dataclass(frozen=True)
class HeatVerdict:
    """Whether a run throttled."""

    start_rate_hz: float
    settled_rate_hz: float
    """Median rate of the last third."""
    fell_at_s: float | None
    """When the rate fell below 95 % of the start for good, or when a throttle bit was first set."""
    by: str
    """What shows that the device throttles: the name of a bit, "clock", "temperature" or "rate"; else empty."""
    other_cores: float | None = None
    """Other work since the rate fell, beyond that of the start."""

    @property
    def throttled_at_s(self) -> float | None:
        """When throttling began; None when nothing shows that it did."""
        return self.fell_at_s if self.by else None

    def text(self) -> str:
        """Return the verdict in one sentence."""
        rates = f"{self.start_rate_hz:.1f} runs/s at the start, {self.settled_rate_hz:.1f} settled"
        if self.fell_at_s is None:
            return f"No throttling seen: {rates}."
        if self.by:
            return f"Throttling began after {self.fell_at_s:.0f} s (seen by {self.by}): {rates}."
        why = (
            "this system shows neither clock, temperature nor other work"
            if self.other_cores is None
            else f"other processes took {self.other_cores:.2f} cores more since then"
        )
        return f"The rate fell after {self.fell_at_s:.0f} s, but that is not shown to be throttling: {why}: {rates}."


def judge_heat(slices: Sequence[Slice], threads: int = 1) -> HeatVerdict:
    """Judge a run on `threads` by the firmware's throttle bits where one is set, else by a lasting fall of its rate.

    The clock, the temperature or the absence of other work has to show that the fall is the device's own.
    """
    window = max(min(WINDOW, len(slices) // 3), 1)
    rates = [second.rate_hz for second in slices]
    start = statistics.median(rates[:window])
    settled = statistics.median(rates[-max(len(rates) // 3, 1) :])
    for second in slices:
        for bit in second.throttled or ():
            if not bit.endswith(SINCE_BOOT):
                return HeatVerdict(start, settled, second.at_s, bit)
    rolling = [statistics.median(rates[n : n + window]) for n in range(len(rates) - window + 1)]
    is_low = [rate < DROP * start for rate in rolling]
    if not is_low[-1]:
        return HeatVerdict(start, settled, None, "")
    began = len(is_low) - next((n for n, low in enumerate(reversed(is_low)) if not low), len(is_low))
    early, late = slices[:window], slices[began:]
    others = _change(early, late, lambda second: second.other_cores)
    by = _shown_by(early, late, 1 - settled / start, others, threads)
    return HeatVerdict(start, settled, slices[began].at_s, by, others)


def _shown_by(early: Sequence[Slice], late: Sequence[Slice], loss: float, others: float | None, threads: int) -> str:
    """What shows that a loss of rate, 0..1, is the device's own; empty when nothing does."""
    clock = statistics.median(second.clock_mhz or 0 for second in early)
    fall = _change(early, late, lambda second: second.clock_mhz)
    if fall is not None and clock + fall < CLOCK_DROP * clock:
        return "clock"
    is_explained = others is None or loss * threads <= COST_OF_CORE * max(others, 0)
    if is_explained:
        return ""
    rise = _change(early, late, lambda second: second.temperature_c)
    return "temperature" if rise is not None and rise >= HOT_RISE_C else "rate"


def _change(early: Sequence[Slice], late: Sequence[Slice], of: Callable[[Slice], float | None]) -> float | None:
    """The change of a reading's median; None where it was never read."""
    before, after = ([value for second in part if (value := of(second)) is not None] for part in (early, late))
    return statistics.median(after) - statistics.median(before) if before and after else None
