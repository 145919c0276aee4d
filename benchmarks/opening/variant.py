"""The variants of running a model: runtime, threads and XNNPACK."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.runtimes import runtimes_for


@dataclass(frozen=True)
class Variant:
    """One way to run a model."""

    runtime: str
    threads: int
    xnnpack: bool | None
    """None where the runtime has no such choice."""

    @property
    def label(self) -> str:
        """A short, unique name, such as "litert, 2 threads, XNNPACK off"."""
        delegate = ", XNNPACK off" if self.xnnpack is False else ""
        return f"{self.runtime}, {self.threads} thread{'s' * (self.threads > 1)}{delegate}"


def variants_of(path: Path, runtimes: tuple[str, ...], threads: list[int]) -> list[Variant]:
    """Return every combination that can run this kind of file. Without XNNPACK, which is slow, only one thread runs."""
    fitting = runtimes_for(path.suffix)
    variants = []
    for runtime in sorted((r for r in fitting if r.name in runtimes), key=lambda r: runtimes.index(r.name)):
        variants += [Variant(runtime.name, count, True if runtime.has_xnnpack else None) for count in threads]
        variants += [Variant(runtime.name, threads[0], False)] if runtime.has_xnnpack else []
    if not variants:
        names = " or ".join(runtime.name for runtime in fitting)
        raise InputError(f"{path} runs on {names}, which is not among {', '.join(runtimes)}.")
    return variants
