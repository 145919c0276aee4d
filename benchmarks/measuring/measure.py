"""Measures model files side by side on this device, with the circumstances of the measurement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from facetoon.benchmarks.device.device_facts import read_device
from facetoon.benchmarks.device.device_state import BUSY_SHARE, OtherWork, State, read_state
from facetoon.benchmarks.measuring.bench_plan import Plan
from facetoon.benchmarks.measuring.notes import Notes
from facetoon.benchmarks.measuring.result_figures import (
    PeaksOfVariants,
    energy_per_inference,
    measured_variant,
    model_record,
    operator_rows,
    overhead_shares,
    peaks_json,
    peaks_of_variants,
    pipeline_figures,
)
from facetoon.benchmarks.measuring.rounds import Samples, run_rounds
from facetoon.benchmarks.measuring.subject import Subject
from facetoon.benchmarks.opening.model_opening import network_of
from facetoon.benchmarks.results.result_schema import BenchResult
from facetoon.benchmarks.roofline.operator_counts import count_ops
from facetoon.edge_runtime import __version__
from facetoon.edge_runtime.errors import InputError


@dataclass(frozen=True)
class Circumstances:
    """The device's state and peaks, which the files of one measurement share."""

    before: State
    during: State
    other_cores: float | None
    peaks: PeaksOfVariants
    notes: list[str]


def measure(paths: list[Path], plan: Plan, tell: Callable[[str], None]) -> list[BenchResult]:
    """Measure files with all their variants in the same interleaved rounds; return a result for each file that can run.

    `tell` gets a sentence for each failure and each disturbance.
    """
    notes, before = Notes(tell), read_state()
    _note_missing(before, notes)
    with ExitStack() as processes:
        subjects: list[Subject] = []
        for path in paths:
            try:
                subjects.append(Subject(path, plan, tell))
                processes.callback(subjects[-1].close)
            except InputError as error:
                tell(str(error))
        if not subjects:
            return []
        workers = [worker for subject in subjects for worker in subject.workers]
        others = OtherWork([worker.pid for worker in workers])
        samples, during = run_rounds(workers, plan, notes)
        cores = others.cores()
        peaks = peaks_of_variants([worker for worker in workers if worker in samples], plan, notes)
        if cores is not None and cores > BUSY_SHARE:
            notes.add(f"Other processes kept {cores:.2f} cores busy: trust best_round_p50_ms and ratios, not p95.")
        if plan.emulated:
            notes.add("Emulated: not a speed.")
        shared = Circumstances(before, during, cores, peaks, notes.texts)
        results = [_result(subject, plan, samples, shared) for subject in subjects]
    return [result for result in results if result]


def _result(subject: Subject, plan: Plan, samples: Samples, shared: Circumstances) -> BenchResult | None:
    """Return the result of one file; None when none of its workers finished the rounds."""
    workers, notes = [worker for worker in subject.workers if worker in samples], subject.notes
    if not workers:
        return None
    network = network_of(subject.path, plan.foreign)  # the file is sound, since a runtime has opened it
    ops = notes.attempt(lambda: count_ops(*network))
    variants = [measured_variant(worker, samples[worker], ops, shared.peaks) for worker in workers]
    best = min(range(len(workers)), key=lambda n: variants[n].stages["infer"].best_round_p50_ms)
    overhead_share, overhead_whole_share = overhead_shares(workers[best], variants[best])
    energy_mj, energy_source = energy_per_inference(workers[best], plan, notes)
    with_pipeline = plan.pipeline and subject.is_ours
    return BenchResult(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        facetoon=__version__,
        device=read_device(cooling=plan.cooling, emulated=plan.emulated),
        model=model_record(subject.path, workers[best].opened, subject.is_ours, ops),
        rounds=plan.rounds,
        variants=variants,
        pipeline=pipeline_figures(workers[best], plan, notes) if with_pipeline else None,
        before=shared.before,
        during=shared.during,
        after=read_state(),
        other_cores=shared.other_cores,
        energy_mj_per_inference=energy_mj,
        energy_source=energy_source,
        overhead_share=overhead_share,
        overhead_whole_share=overhead_whole_share,
        peaks={f"{peak.runtime}, {peak.threads}": peaks_json(peak) for peak in shared.peaks.values()},
        profile=operator_rows(network, subject, workers[best], shared.peaks) if plan.profile else [],
        notes=[*shared.notes, *notes.texts],
    )


def _note_missing(state: State, notes: Notes) -> None:
    missing = [name.removesuffix("_c").removesuffix("_mhz") for name, value in asdict(state).items() if value is None]
    if missing:
        notes.add(f"This device does not report: {', '.join(missing)}.")
