"""Ways to make one file. Each is tried on the test pictures, and the best or the fastest is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facetoon.convert.formats.quantization import Quantization
from facetoon.convert.judge.comparison import Fidelity
from facetoon.convert.judge.conversion_report import rounded, shortfalls
from facetoon.convert.judge.latency import latencies_ms
from facetoon.convert.material import Material, measure
from facetoon.convert.quiet import refusing
from facetoon.convert.sources.samples import Sample
from facetoon.edge_runtime.spec import ModelSpec, write_model


@dataclass(frozen=True)
class Way:
    """A way to make a file."""

    recipe: Quantization
    """With the thresholds that the file is held to."""
    marks: tuple[str, ...]
    """What was done beside the recipe: improvements, or a number of finer operators with their type."""
    make: Callable[[Sample], bytes]
    """Model bytes without a spec, from calibration pictures."""
    material: Material

    @property
    def label(self) -> str:
        """The recipe as the file's spec names it."""
        return "+".join((self.recipe.name, *self.marks))


@dataclass(frozen=True)
class Trial:
    """A way and the file that it made, measured."""

    way: Way
    model: bytes
    scores: Fidelity
    reasons: tuple[str, ...]
    """Why it misses its thresholds."""
    latency_ms: float | None = None

    def row(self, kept: bool) -> dict[str, Any]:
        """Return the facts for the report."""
        facts = {"way": self.way.label, **rounded(self.scores), "kB": round(len(self.model) / 1000)}
        timed = {} if self.latency_ms is None else {"latency_ms": round(self.latency_ms, 2)}
        return facts | timed | {"result": "kept" if kept else "missed" if self.reasons else "reached"}


def try_out(way: Way, suffix: str, spec: ModelSpec) -> Trial:
    """Make the file and compare it with float. Raises InputError when a library refuses it."""
    model = way.make(way.material.calibration)
    with tempfile.TemporaryDirectory() as folder, refusing(f"{way.label} cannot be judged"):
        path = Path(folder) / f"trial{suffix}"
        write_model(path, model, spec)
        comparison = measure(path, way.material)  # its pictures go, since there may be many trials
    return Trial(way, model, comparison.scores, shortfalls(comparison, way.recipe.thresholds))


def timed(trials: Sequence[Trial], suffix: str, spec: ModelSpec) -> list[Trial]:
    """Add each file's latency here, measured in turns."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {str(number): Path(folder) / f"{number}{suffix}" for number in range(len(trials))}
        for trial, path in zip(trials, paths.values(), strict=True):
            write_model(path, trial.model, spec)
        times = latencies_ms(paths)
    return [replace(trial, latency_ms=times[str(number)]) for number, trial in enumerate(trials)]


def best(trials: Sequence[Trial]) -> Trial:
    """Return the trial nearest to float, among those that reach their thresholds if any do."""
    return max(trials, key=lambda trial: (not trial.reasons, trial.scores.psnr_mean_db))


def as_tried(trial: Trial) -> Way:
    """Return the trial's way, which gives the file that was tried without making it again."""
    way = trial.way

    def make(calibration: Sample) -> bytes:
        return trial.model if calibration is way.material.calibration else way.make(calibration)

    return replace(way, make=make)
