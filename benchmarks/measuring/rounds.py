"""Runs all variants in interleaved rounds, so that drift and other work affect all of them alike."""

from __future__ import annotations

import math

from facetoon.benchmarks.device.device_state import State, read_state
from facetoon.benchmarks.measuring.bench_plan import Plan
from facetoon.benchmarks.measuring.notes import Notes
from facetoon.benchmarks.measuring.stage_times import STAGES
from facetoon.benchmarks.measuring.worker import Worker
from facetoon.benchmarks.results.intervals import interleaved
from facetoon.edge_runtime.errors import InputError

WARM_UP_RUNS = 10
WARM_UP_SHARE = 0.2  # of the measuring time: a small model makes ten runs before a governor raises the clock
WAKE_UP_RUNS = 3  # before each block, to refill the caches after other variants ran
Samples = dict[Worker, dict[str, list[list[float]]]]
"""Milliseconds by worker and stage, a list for each round."""


def run_rounds(workers: list[Worker], plan: Plan, notes: Notes) -> tuple[Samples, State]:
    """Run all rounds; return the samples, and the device's state halfway, warm from the load.

    A worker that dies, for example without memory, is noted and left out of the samples.
    """
    samples: Samples = {worker: {name: [] for name in STAGES} for worker in workers}

    def run(worker: Worker, runs: int, seconds: float) -> dict[str, list[float]]:
        try:
            return worker.ask("round", runs, seconds) if worker in samples else {}
        except InputError as error:
            notes.add(str(error))
            del samples[worker]
            return {}

    for worker in workers:
        run(worker, min(WARM_UP_RUNS, plan.runs), plan.seconds * WARM_UP_SHARE)
    runs, seconds = math.ceil(plan.runs / plan.rounds), plan.seconds / plan.rounds
    halfway = None
    for number, order in enumerate(interleaved(workers, plan.rounds)):
        for worker in order:
            run(worker, min(WAKE_UP_RUNS, runs), 0)
            for name, values in run(worker, runs, seconds).items():
                samples[worker][name].append(values)
        if number == plan.rounds // 2:
            halfway = read_state()
    assert halfway is not None  # there is at least one round
    return samples, halfway
