"""Measure a model file on this device: every variant in interleaved rounds, with what has to be known beside it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from facetoon.benchmarks.device.device_facts import read_device
from facetoon.benchmarks.device.device_state import BUSY_SHARE, EnergyMeter, OtherWork, State, read_state
from facetoon.benchmarks.measuring.foreign_models import Foreign
from facetoon.benchmarks.measuring.operator_counts import Op, count_ops
from facetoon.benchmarks.measuring.roofline import Peaks, measure_peaks, roofline_share
from facetoon.benchmarks.measuring.variants import Variant, is_ours, variants_of
from facetoon.benchmarks.measuring.worker import STAGES, Worker, instrument_cost_ms
from facetoon.benchmarks.results.intervals import Times, interleaved
from facetoon.benchmarks.results.result_file import BenchResult, Measured, ModelRecord, Pipeline
from facetoon.edge_runtime import __version__
from facetoon.edge_runtime.errors import InputError

WARM_UP_RUNS = 10
WARM_UP_SHARE = 0.2  # of the measuring time: a small model is through ten runs before a governor raises the clock
OVERHEAD_PAIRS = 15
Samples = dict[Worker, dict[str, list[list[float]]]]


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


def measure(paths: list[Path], plan: Plan, tell: Callable[[str], None]) -> list[BenchResult]:
    """Measure files side by side, all their variants in the same interleaved rounds: a result for each that can run.

    `tell` hears each sentence about what could not be measured, or what disturbed.
    """
    common = _Notes(tell)
    before = read_state()
    _note_missing(before, common)
    subjects: list[_Subject] = []
    try:
        for path in paths:
            try:
                subjects.append(_Subject(path, plan, tell))
            except InputError as error:
                tell(str(error))
        if not subjects:
            return []
        workers = [worker for subject in subjects for worker in subject.workers]
        others = OtherWork([worker.pid for worker in workers])
        samples, during = _rounds(workers, plan, common)
        cores = others.cores()
        peaks = _peaks([worker for worker in workers if worker in samples], plan, common)
        if cores is not None and cores > BUSY_SHARE:
            common(
                f"Other processes kept {cores:.2f} cores busy meanwhile: trust best_round_p50_ms and ratios, not p95."
            )
        if plan.emulated:
            common("Emulated: not a speed.")
        around = _Around(before, during, cores, peaks, common.texts)
        return [_result(subject, plan, samples, around) for subject in subjects if subject.alive(samples)]
    finally:
        for subject in subjects:
            for worker in subject.workers:
                worker.close()


class _Notes:
    """Collects sentences for the result, and tells each at once."""

    def __init__(self, tell: Callable[[str], None], path: Path | None = None) -> None:
        self.texts: list[str] = []
        self._tell, self._path = tell, path

    def __call__(self, text: str) -> None:
        if self._path:  # a result tells nothing of this machine's folders
            text = text.replace(str(self._path), self._path.name)
        self.texts.append(text)
        self._tell(text)


class _Subject:
    """A model file with a process for each of its variants. InputError when it cannot be read or none can run it."""

    def __init__(self, path: Path, plan: Plan, tell: Callable[[str], None]) -> None:
        self.path, self.note = path, _Notes(tell, path)
        self.ours = is_ours(path)
        self.workers = _open_all(path, variants_of(path, plan.runtimes, list(plan.threads)), plan, self.note)

    def alive(self, samples: Samples) -> list[Worker]:
        """Those that came through all rounds."""
        return [worker for worker in self.workers if worker in samples]


@dataclass(frozen=True)
class _Around:
    """What every file of one measurement shares."""

    before: State
    during: State
    other_cores: float | None
    peaks: dict[tuple[str, int], Peaks]
    notes: list[str]


def _result(subject: _Subject, plan: Plan, samples: Samples, around: _Around) -> BenchResult:
    path, workers, note, peaks = subject.path, subject.alive(samples), subject.note, around.peaks
    ops = _or_none(lambda: count_ops(path), note)  # after a runtime has found the file sound
    measured = [_with_share(_measured(worker, samples[worker]), worker, ops, peaks) for worker in workers]
    best = min(range(len(workers)), key=lambda n: measured[n].stages["infer"].best_round_p50_ms)
    overhead = _overhead(workers[best], measured[best])
    energy_mj, source = _energy(workers[best], plan, note)
    return BenchResult(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        facetoon=__version__,
        device=read_device(cooling=plan.cooling, emulated=plan.emulated),
        model=_model_record(path, workers[best].opened, subject.ours, ops),
        rounds=plan.rounds,
        variants=measured,
        pipeline=_pipeline(workers[best], plan, note) if plan.pipeline and subject.ours else None,
        before=around.before,
        during=around.during,
        after=read_state(),
        other_cores=around.other_cores,
        energy_mj_per_inference=energy_mj,
        energy_source=source,
        overhead_share=overhead[0],
        overhead_whole_share=overhead[1],
        peaks={f"{p.runtime}, {p.threads}": _peaks_json(p) for p in peaks.values()},
        profile=_profile(path, workers[best], peaks, subject.ours, note) if plan.profile else [],
        notes=[*around.notes, *note.texts],
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


def _rounds(workers: list[Worker], plan: Plan, note: Callable[[str], None]) -> tuple[Samples, State]:
    """Samples by worker and stage, a list for each round; and the device's state halfway, with the load still warm.

    A worker that dies, as for want of memory, is noted and left out.
    """
    samples: Samples = {worker: {name: [] for name in STAGES} for worker in workers}

    def run(worker: Worker, runs: int, seconds: float) -> dict[str, list[float]]:
        try:
            return worker.ask("round", runs, seconds) if worker in samples else {}
        except InputError as error:
            note(str(error))
            del samples[worker]
            return {}

    for worker in workers:
        run(worker, WARM_UP_RUNS, plan.seconds * WARM_UP_SHARE)
    runs, seconds = math.ceil(plan.runs / plan.rounds), plan.seconds / plan.rounds
    during = None
    for number, order in enumerate(interleaved(workers, plan.rounds)):
        for worker in order:
            run(worker, min(3, runs), 0)  # caches and clock, after the others had the machine
            for name, values in run(worker, runs, seconds).items():
                samples[worker][name].append(values)
        if number == plan.rounds // 2:
            during = read_state()
    assert during is not None  # there is at least one round
    return samples, during


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
    """By runtime and threads, for those that stand in the result; measured while the workers rest."""
    if not plan.peaks:
        return {}
    out: dict[tuple[str, int], Peaks] = {}
    for variant in (worker.variant for worker in workers):
        key = (variant.runtime, variant.threads)
        if variant.xnnpack is not False and key not in out:
            peaks = _or_none(lambda key=key: measure_peaks(*key), note)  # type: ignore[misc]
            if peaks:
                out[key] = peaks
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
    from facetoon.benchmarks.measuring.roofline import profile
    from facetoon.edge_runtime.spec import read_model

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


def _note_missing(state: State, note: Callable[[str], None]) -> None:
    missing = [name.replace("_c", "").replace("_mhz", "") for name, value in asdict(state).items() if value is None]
    if missing:
        note(f"This device does not tell: {', '.join(missing)}.")


def _model_record(path: Path, opened: dict[str, Any], ours: bool, ops: list[Op] | None) -> ModelRecord:
    data = path.read_bytes()
    return ModelRecord(
        file=path.name,
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
