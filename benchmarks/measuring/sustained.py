"""Runs a model for minutes and records rate, temperature and clock of every second."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from facetoon.benchmarks.device.device_facts import read_device
from facetoon.benchmarks.device.device_state import OtherWork, read_state
from facetoon.benchmarks.measuring.worker import Worker
from facetoon.benchmarks.opening.variant import Variant
from facetoon.benchmarks.results.heat_record import Slice, Sustained
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.adoption import AdoptionFacts

SLICE_S = 1.0


def run_sustained(path: Path, variant: Variant, foreign: AdoptionFacts, seconds: float) -> Sustained:
    """Run a model without a pause. Raises InputError when it cannot run, or for a time too short for a verdict."""
    if not 3 * SLICE_S <= seconds < 86400:
        raise InputError(f"{seconds / 60:g} minutes are not between 0.05 and a day.")
    worker = Worker(path, variant, foreign)
    slices: list[Slice] = []
    try:
        start = time.monotonic()
        while (at_s := time.monotonic() - start) < seconds:
            others = OtherWork([worker.pid])
            times = worker.ask("round", 1, SLICE_S)["infer"]
            state, other_cores = read_state(), others.cores()
            rate = len(times) / max(time.monotonic() - start - at_s, 1e-9)
            median = round(statistics.median(times), 4)
            slices.append(
                Slice(
                    at_s=round(at_s, 1),
                    rate_hz=round(rate, 2),
                    p50_ms=median,
                    temperature_c=state.temperature_c,
                    clock_mhz=state.clock_mhz,
                    throttled=state.throttled,
                    other_cores=other_cores,
                )
            )
        name = str(worker.opened["name"])
    finally:
        worker.close()
    return Sustained(read_device(), name, variant.label, slices, variant.threads)
