"""Measure a model file on this device: every variant in interleaved rounds, with what has to be known beside it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.device import read_device
from benchmarks.graph import Op, count_ops
from benchmarks.intervals import Times, interleaved
from benchmarks.opening import Foreign, Variant, is_ours, variants_of
from benchmarks.result import BenchResult, Measured, ModelRecord, Pipeline
from benchmarks.roofline import Peaks, measure_peaks, roofline_share
from benchmarks.state import BUSY_SHARE, EnergyMeter, OtherWork, read_state
from benchmarks.worker import STAGES, Worker, instrument_cost_ms
from edge_runtime import __version__
from edge_runtime.errors import InputError

WARM_UP_RUNS = 10
WARM_UP_SHARE = 0.2  # of the measuring time: a small model is through ten runs before a governor raises the clock
OVERHEAD_PAIRS = 15


@dataclass(frozen=True)
class Plan:
    """What to measure, and how long."""

    runtimes: tuple[str, ...] = ("litert",)
    is_default_runtimes: bool = False
    """Nobody asked for these: one that is not installed is left out without a word."""
    threads: tuple[int, ...] = (1,)
    runs: int = 50
    """At least so many of each variant, over all rounds."""
    seconds: float = 3.0
    """At least so long for each variant, over all rounds."""
    rounds: int = 7
    pipeline: bool = True
    video: Path | None = None
    profile: bool = False
    peaks: bool = True
    cooling: str = ""
    emulated: bool = False
    foreign: Foreign = field(default_factory=Foreign)

    def __post_init__(self) -> None:
        if min(self.runs, self.rounds, *self.threads) < 1 or not 0 <= self.seconds < math.inf:
            raise InputError(
                f"{self.threads} threads, {self.runs} runs, {self.rounds} rounds and {self.seconds} seconds cannot be "
                "measured; use 1, 1, 1, 0 or more."
            )


def measure(path: Path, plan: Plan, tell: Callable[[str], None]) -> BenchResult:
    """Measure one file. `tell` hears each sentence about what could not be measured, or what disturbed.

    Raises InputError when the file cannot be read or no variant can run it.
    """
    ours = is_ours(path)
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        tell(text)

    before = read_state()
    _note_missing(before, note)
    workers = _open_all(path, variants_of(path, plan.runtimes, list(plan.threads)), plan, note)
    try:
        ops = _or_none(lambda: count_ops(path), note)  # after LiteRT has found the file sound
        others = OtherWork([worker.pid for worker in workers])
        samples = _rounds(workers, plan)
        during, cores = read_state(), others.cores()
        measured = [_measured(worker, samples[worker.variant]) for worker in workers]
        best = min(range(len(workers)), key=lambda n: measured[n].stages["infer"].best_round_p50_ms)
        overhead = _overhead(workers[best], measured[best])
        energy_mj, source = _energy(workers[best], plan, note)
        peaks = _peaks(workers, plan, note)
        measured = [_with_share(one, worker, ops, peaks) for one, worker in zip(measured, workers, strict=True)]
        pipeline = _pipeline(workers[best], plan, note) if plan.pipeline and ours else None
        rows = _profile(path, workers[best], peaks, ours, note) if plan.profile else []
        opened = workers[best].opened
    finally:
        for worker in workers:
            worker.close()
    if cores is not None and cores > BUSY_SHARE:
        note(f"Other processes kept {cores:.2f} cores busy meanwhile: trust best_round_p50_ms and ratios, not p95.")
    if plan.emulated:
        note("Emulated: not a speed.")
    return BenchResult(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        facetoon=__version__,
        device=read_device(cooling=plan.cooling, emulated=plan.emulated),
        model=_model_record(path, opened, ours, ops),
        rounds=plan.rounds,
        variants=measured,
        pipeline=pipeline,
        before=before,
        during=during,
        after=read_state(),
        other_cores=cores,
        energy_mj_per_inference=energy_mj,
        energy_source=source,
        overhead_share=overhead[0],
        overhead_whole_share=overhead[1],
        peaks={f"{p.runtime}, {p.threads}": _peaks_json(p) for p in peaks.values()},
        profile=rows,
        notes=notes,
    )


def _open_all(path: Path, variants: list[Variant], plan: Plan, note: Callable[[str], None]) -> list[Worker]:
    """A worker for each variant that can run; the others are noted, unless none is left."""
    workers, reasons = [], []
    for variant in variants:
        try:
            workers.append(Worker(path, variant, plan.foreign))
        except InputError as error:
            reasons.append(str(error))
    for reason in dict.fromkeys(reasons):
        if workers and not (plan.is_default_runtimes and "not installed" in reason):
            note(reason)
    if not workers:
        raise InputError(reasons[0])
    return workers


def _rounds(workers: list[Worker], plan: Plan) -> dict[Variant, dict[str, list[list[float]]]]:
    """Samples by variant and stage, a list for each round."""
    for worker in workers:
        worker.ask("round", WARM_UP_RUNS, plan.seconds * WARM_UP_SHARE)
    samples: dict[Variant, dict[str, list[list[float]]]] = {w.variant: {name: [] for name in STAGES} for w in workers}
    runs, seconds = math.ceil(plan.runs / plan.rounds), plan.seconds / plan.rounds
    for order in interleaved(workers, plan.rounds):
        for worker in order:
            worker.ask("round", min(3, runs), 0)  # caches and clock, after the others had the machine
            for name, values in worker.ask("round", runs, seconds).items():
                samples[worker.variant][name].append(values)
    return samples


def _measured(worker: Worker, samples: dict[str, list[list[float]]]) -> Measured:
    steady, peak = worker.ask("memory")
    opened, variant = worker.opened, worker.variant
    return Measured(
        label=variant.label,
        runtime=opened["runtime"],
        threads=variant.threads,
        xnnpack=variant.xnnpack,
        load_ms=round(opened["load_ms"], 3),
        first_inference_ms=round(opened["first_inference_ms"], 3),
        stages={name: Times.of(rounds) for name, rounds in samples.items()},
        steady_memory_mb=steady,
        peak_memory_mb=peak,
        roofline_share=None,
    )


def _overhead(worker: Worker, measured: Measured) -> tuple[float, float]:
    """The instruments' share of `infer`, and the same seen from outside: pairs of bare and instrumented blocks."""
    infer_ms = measured.stages["infer"].best_round_p50_ms
    runs = max(round(30 / infer_ms), 1)
    pairs = [(worker.ask("bare", runs), worker.ask("instrumented", runs)) for _ in range(OVERHEAD_PAIRS)]
    bare, full = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    return round(instrument_cost_ms() / infer_ms, 6), round(full / bare - 1, 5)


def _energy(worker: Worker, plan: Plan, note: Callable[[str], None]) -> tuple[float | None, str]:
    with EnergyMeter() as meter:
        runs = len(worker.ask("round", 1, min(plan.seconds, 3.0))["infer"]) if meter.can_measure else 0
    if meter.joules is None or not runs:
        note(f"No energy: {meter.why}.")
        return None, ""
    return round(1000 * meter.joules / runs, 4), meter.source


def _peaks(workers: list[Worker], plan: Plan, note: Callable[[str], None]) -> dict[tuple[str, int], Peaks]:
    """By runtime and threads, for the TFLite runtimes that stand in the result; measured while the workers rest."""
    if not plan.peaks:
        return {}
    out: dict[tuple[str, int], Peaks] = {}
    for variant in (worker.variant for worker in workers):
        key = (variant.runtime, variant.threads)
        if variant.xnnpack and key not in out:
            peaks = _or_none(lambda key=key: measure_peaks(*key), note)  # type: ignore[misc]
            if peaks:
                out[key] = peaks
    if not out:
        note("No matrix peak: it is measured through LiteRT or tflite-runtime, and no variant runs on them.")
    return out


def _with_share(
    measured: Measured, worker: Worker, ops: list[Op] | None, peaks: dict[tuple[str, int], Peaks]
) -> Measured:
    peak = peaks.get((worker.variant.runtime, worker.variant.threads))
    if not ops or peak is None:
        return measured
    share = roofline_share(ops, peak, measured.stages["infer"].best_round_p50_ms)
    return Measured(**{name: getattr(measured, name) for name in vars(measured)} | {"roofline_share": share})


def _pipeline(worker: Worker, plan: Plan, note: Callable[[str], None]) -> Pipeline | None:
    fields = _or_none(lambda: worker.ask("pipeline", plan.video, plan.seconds), note)
    return Pipeline(variant=worker.variant.label, **fields) if fields else None


def _profile(
    path: Path, worker: Worker, peaks: dict[tuple[str, int], Peaks], ours: bool, note: Callable[[str], None]
) -> list[dict[str, Any]]:
    from benchmarks.roofline import profile
    from edge_runtime.spec import read_model

    key = (worker.variant.runtime, worker.variant.threads)
    if path.suffix != ".tflite" or key not in peaks:
        note("No operator table: it needs a .tflite file and its runtime's peaks.")
        return []
    model = read_model(path)[0] if ours else path.read_bytes()
    return _or_none(lambda: profile(model, *key, peaks[key]), note) or []


def _or_none(work: Callable[[], Any], note: Callable[[str], None]) -> Any:
    """The answer, or None and a note of what stood against it: the rest is still measured."""
    try:
        return work()
    except InputError as error:
        note(str(error))
        return None


def _note_missing(state: Any, note: Callable[[str], None]) -> None:
    missing = [name.replace("_c", "").replace("_mhz", "") for name, value in asdict(state).items() if value is None]
    if missing:
        note(f"This device does not tell: {', '.join(missing)}.")


def _model_record(path: Path, opened: dict[str, Any], ours: bool, ops: list[Op] | None) -> ModelRecord:
    data = path.read_bytes()
    return ModelRecord(
        name=opened["name"],
        recipe=opened["recipe"],
        sha256=hashlib.sha256(data).hexdigest(),
        size_px=opened["size_px"],
        file_bytes=len(data),
        foreign=not ours,
        value_range=tuple(opened["value_range"]),
        macs=sum(op.macs for op in ops) if ops else None,
        bytes_moved=sum(op.bytes for op in ops) if ops else None,
    )


def _peaks_json(peaks: Peaks) -> dict[str, Any]:
    return asdict(peaks) | {"bandwidth_gb_per_s": {str(k): v for k, v in peaks.bandwidth_gb_per_s.items()}}
