"""A model file under measurement, with a process for each variant that can run it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from facetoon.benchmarks.measuring.bench_plan import Plan
from facetoon.benchmarks.measuring.notes import Notes
from facetoon.benchmarks.measuring.worker import Worker
from facetoon.benchmarks.opening.model_opening import is_ours
from facetoon.benchmarks.opening.variant import variants_of
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES


class Subject:
    """A model file and its open workers."""

    def __init__(self, path: Path, plan: Plan, tell: Callable[[str], None]) -> None:
        """Open the workers. Raises InputError when the file cannot be read, or when no variant can run it."""
        self.path, self.notes = path, Notes(tell, path)
        self.is_ours = is_ours(path)
        self.workers = self._open_workers(plan)

    def close(self) -> None:
        """End every process."""
        for worker in self.workers:
            worker.close()

    def _open_workers(self, plan: Plan) -> list[Worker]:
        """Open a worker for each variant that can run, and note the others. With no worker, raise the first reason."""
        workers: list[Worker] = []
        reasons: dict[str, str] = {}  # runtime by sentence: variants with the same sentence give one note
        for variant in variants_of(self.path, plan.runtimes, list(plan.threads)):
            try:
                workers.append(Worker(self.path, variant, plan.foreign))
            except InputError as error:
                reasons.setdefault(str(error), variant.runtime)
        if not workers:
            raise InputError(next(iter(reasons)))
        for reason, runtime in reasons.items():
            if RUNTIMES[runtime].is_installed or not plan.is_default_runtimes:
                self.notes.add(reason)
        return workers
