"""Run for minutes and watch when the device throttles, and at which rate it settles."""

from __future__ import annotations

import dataclasses
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facetoon.benchmarks.device.device_facts import DeviceRecord, read_device
from facetoon.benchmarks.device.device_state import read_state
from facetoon.benchmarks.measuring.foreign_models import Foreign
from facetoon.benchmarks.measuring.variants import Variant
from facetoon.benchmarks.measuring.worker import Worker
from facetoon.edge_runtime.errors import InputError

SLICE_S = 1.0
WINDOW = 15  # slices; a shorter dip is other work, not heat
DROP = 0.95  # of the rate at the start


@dataclass(frozen=True)
class Slice:
    """One second of running."""

    at_s: float
    rate_hz: float
    p50_ms: float
    temperature_c: float | None
    clock_mhz: int | None
    throttled: tuple[str, ...] | None


@dataclass(frozen=True)
class Sustained:
    """A whole run."""

    device: DeviceRecord
    model: str
    variant: str
    slices: list[Slice]

    def to_json(self) -> str:
        """Give the text of its file, without a final newline."""
        return json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False)


@dataclass(frozen=True)
class Verdict:
    """What a run says."""

    start_rate_hz: float
    settled_rate_hz: float
    """Median of the last third."""
    throttled_at_s: float | None
    """When the rate fell below 95 % of the start and stayed there, or a throttle bit was first set."""
    by: str
    """"rate" or the name of the bit."""

    def text(self) -> str:
        """One or two sentences."""
        rates = f"{self.start_rate_hz:.1f} runs/s at the start, {self.settled_rate_hz:.1f} settled"
        if self.throttled_at_s is None:
            return f"No throttling seen: {rates}."
        return f"Throttling began after {self.throttled_at_s:.0f} s (seen by {self.by}): {rates}."


def run_sustained(path: Path, variant: Variant, foreign: Foreign, seconds: float) -> Sustained:
    """Run the model without a pause. Raises InputError when it cannot run, or the time is too short to say anything."""
    if not 3 * SLICE_S <= seconds < 86400:
        raise InputError(f"{seconds / 60:g} minutes are not between 0.05 and a day.")
    worker = Worker(path, variant, foreign)
    slices: list[Slice] = []
    try:
        start = time.monotonic()
        while (at_s := time.monotonic() - start) < seconds:
            times = worker.ask("round", 1, SLICE_S)["infer"]
            state = read_state()
            rate = len(times) / max(time.monotonic() - start - at_s, 1e-9)
            median = round(statistics.median(times), 4)
            slices.append(Slice(round(at_s, 1), round(rate, 2), median, state.temperature_c, state.clock_mhz,
                                state.throttled))  # fmt: skip
        name = str(worker.opened["name"])
    finally:
        worker.close()
    return Sustained(read_device(), name, variant.label, slices)


def verdict(slices: Sequence[Slice]) -> Verdict:
    """Judge a run by its rate, and by the firmware's throttle bits where there are any."""
    window = max(min(WINDOW, len(slices) // 3), 1)
    rates = [one.rate_hz for one in slices]
    start = statistics.median(rates[:window])
    settled = statistics.median(rates[-max(len(rates) // 3, 1) :])
    limited = next(
        ((one.at_s, bit) for one in slices for bit in one.throttled or () if not bit.endswith("since boot")), None
    )
    if limited:
        return Verdict(start, settled, limited[0], limited[1])
    rolling = [statistics.median(rates[n : n + window]) for n in range(len(rates) - window + 1)]
    low = [value < DROP * start for value in rolling]
    if not low[-1]:
        return Verdict(start, settled, None, "")
    began = len(low) - next((n for n, is_low in enumerate(reversed(low)) if not is_low), len(low))
    return Verdict(start, settled, slices[began].at_s, "rate")
