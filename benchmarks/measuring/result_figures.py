"""The figures of one model's result, each from a worker that finished the rounds."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

from facetoon.benchmarks.device.device_state import EnergyMeter
from facetoon.benchmarks.measuring.bench_plan import Plan
from facetoon.benchmarks.measuring.notes import Notes
from facetoon.benchmarks.measuring.stage_times import instrument_cost_ms
from facetoon.benchmarks.measuring.subject import Subject
from facetoon.benchmarks.measuring.worker import Worker
from facetoon.benchmarks.results.intervals import Times
from facetoon.benchmarks.results.result_schema import Measured, ModelRecord, Pipeline
from facetoon.benchmarks.roofline.device_peaks import Peaks, measure_peaks, roofline_share
from facetoon.benchmarks.roofline.operator_counts import Op
from facetoon.benchmarks.roofline.operator_profile import profile_operators
from facetoon.edge_runtime.model_files.tailed_file import read_model_bytes
from facetoon.edge_runtime.spec import read_model

OVERHEAD_PAIRS = 15
OVERHEAD_BLOCK_MS = 30
LONGEST_ENERGY_S = 3.0
PeaksOfVariants = dict[tuple[str, int], Peaks]
"""Peaks by runtime and number of threads."""


def model_record(path: Path, opened: dict[str, Any], is_ours: bool, ops: list[Op] | None) -> ModelRecord:
    """Describe the model file. `opened` is the answer of worker_process.Bench.open."""
    data = path.read_bytes()
    return ModelRecord(
        file=path.name,
        name=opened["name"],
        recipe=opened["recipe"],
        sha256=hashlib.sha256(data).hexdigest(),
        size_px=opened["size_px"],
        file_bytes=len(data),
        foreign=not is_ours,
        value_range=tuple(opened["value_range"]),
        macs=sum(op.macs for op in ops) if ops else None,
        bytes_moved=sum(op.bytes for op in ops) if ops else None,
    )


def measured_variant(
    worker: Worker, samples: dict[str, list[list[float]]], ops: list[Op] | None, peaks: PeaksOfVariants
) -> Measured:
    """Return times and memory of a variant. `samples` are milliseconds by stage, a list for each round."""
    steady_mb, peak_mb = worker.ask("memory")
    opened, variant = worker.opened, worker.variant
    stages = {name: Times.of(rounds) for name, rounds in samples.items()}
    peak = peaks.get((variant.runtime, variant.threads))
    return Measured(
        label=variant.label,
        runtime=opened["runtime"],
        threads=variant.threads,
        xnnpack=variant.xnnpack,
        load_ms=round(opened["load_ms"], 3),
        first_inference_ms=round(opened["first_inference_ms"], 3),
        stages=stages,
        steady_memory_mb=steady_mb,
        peak_memory_mb=peak_mb,
        roofline_share=roofline_share(ops, peak, stages["infer"].best_round_p50_ms) if ops and peak else None,
    )


def overhead_shares(worker: Worker, measured: Measured) -> tuple[float, float]:
    """Measure the instruments' share of `infer`: by their own time, and by pairs of bare and instrumented blocks."""
    infer_ms = measured.stages["infer"].best_round_p50_ms
    runs = max(round(OVERHEAD_BLOCK_MS / infer_ms), 1)
    pairs = [(worker.ask("bare", runs), worker.ask("instrumented", runs)) for _ in range(OVERHEAD_PAIRS)]
    bare_ms, instrumented_ms = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    return round(instrument_cost_ms() / infer_ms, 6), round(instrumented_ms / bare_ms - 1, 5)


def energy_per_inference(worker: Worker, plan: Plan, notes: Notes) -> tuple[float | None, str]:
    """Measure the millijoules of an inference, and name the meter; None and a note without a meter."""
    with EnergyMeter() as meter:
        seconds = min(plan.seconds, LONGEST_ENERGY_S)
        runs = len(worker.ask("round", 1, seconds)["infer"]) if meter.can_measure else 0
    if meter.joules is None or not runs:
        notes.add(f"No energy: {meter.why}.")
        return None, ""
    return round(1000 * meter.joules / runs, 4), meter.source


def peaks_of_variants(workers: list[Worker], plan: Plan, notes: Notes) -> PeaksOfVariants:
    """Measure the device's peaks for each runtime and number of threads in the result, while the workers rest."""
    if not plan.peaks:
        return {}
    pairs = [(w.variant.runtime, w.variant.threads) for w in workers if w.variant.xnnpack is not False]
    measured = {key: notes.attempt(lambda key=key: measure_peaks(*key)) for key in dict.fromkeys(pairs)}  # type: ignore[misc]
    return {key: peaks for key, peaks in measured.items() if peaks}


def peaks_json(peaks: Peaks) -> dict[str, Any]:
    """Return the peaks as a result file keeps them."""
    bandwidth = {str(size): rate for size, rate in peaks.bandwidth_gb_per_s.items()}
    return dataclasses.asdict(peaks) | {"bandwidth_gb_per_s": bandwidth}


def pipeline_figures(worker: Worker, plan: Plan, notes: Notes) -> Pipeline | None:
    """Measure the whole pipeline with this variant; None and a note when that fails."""
    fields = notes.attempt(lambda: worker.ask("pipeline", plan.video, plan.seconds))
    return Pipeline(variant=worker.variant.label, **fields) if fields else None


def operator_rows(subject: Subject, worker: Worker, peaks: PeaksOfVariants) -> list[dict[str, Any]]:
    """Return a row for each operator; no rows and a note when operators cannot be measured alone."""
    key = (worker.variant.runtime, worker.variant.threads)
    if subject.path.suffix != ".tflite" or key not in peaks:
        subject.notes.add("No operator table: it needs a .tflite file and its runtime's peaks.")
        return []
    model = read_model(subject.path)[0] if subject.is_ours else read_model_bytes(subject.path)
    return subject.notes.attempt(lambda: profile_operators(model, *key, peaks[key])) or []
