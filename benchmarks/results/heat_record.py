"""The record of a sustained run, and the verdict whether and when the device throttled."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from facetoon.benchmarks.device.device_facts import DeviceRecord
from facetoon.benchmarks.device.device_state import SINCE_BOOT

WINDOW = 15  # slices; other work, not heat, causes shorter dips
DROP = 0.95  # of the rate at the start


@dataclass(frozen=True)
class Slice:
    """One second of the run."""

    at_s: float
    rate_hz: float
    p50_ms: float
    temperature_c: float | None
    clock_mhz: int | None
    throttled: tuple[str, ...] | None


@dataclass(frozen=True)
class Sustained:
    """The fields of a whole run's file."""

    device: DeviceRecord
    model: str
    variant: str
    slices: list[Slice]

    def to_json(self) -> str:
        """Return the text of its file, without a final newline."""
        return json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False)


@dataclass(frozen=True)
class HeatVerdict:
    """Whether a run throttled."""

    start_rate_hz: float
    settled_rate_hz: float
    """Median rate of the last third."""
    throttled_at_s: float | None
    """When the rate fell below 95 % of the start for good, or when a throttle bit was first set."""
    by: str
    """"rate" or the name of the bit."""

    def text(self) -> str:
        """Return the verdict in one sentence."""
        rates = f"{self.start_rate_hz:.1f} runs/s at the start, {self.settled_rate_hz:.1f} settled"
        if self.throttled_at_s is None:
            return f"No throttling seen: {rates}."
        return f"Throttling began after {self.throttled_at_s:.0f} s (seen by {self.by}): {rates}."


def judge_heat(slices: Sequence[Slice]) -> HeatVerdict:
    """Judge a run by the firmware's throttle bits where one is set, else by its rate."""
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
    return HeatVerdict(start, settled, slices[began].at_s, "rate")
