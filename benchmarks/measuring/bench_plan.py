"""The options of a measurement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.adoption import AdoptionFacts

SPEED_ONLY = AdoptionFacts(trusts_scales=True)


@dataclass(frozen=True)
class Plan:
    """The options of `toon-bench run`."""

    runtimes: tuple[str, ...] = ("litert",)
    is_default_runtimes: bool = False
    """Whether the user named no runtime. Then a missing runtime is left out without a note."""
    threads: tuple[int, ...] = (1,)
    runs: int = 50
    """Least number of runs of each variant, over all rounds."""
    seconds: float = 3.0
    """Least time of each variant, over all rounds."""
    rounds: int = 7
    pipeline: bool = True
    video: Path | None = None
    """Video for the pipeline; None takes the packaged demo."""
    profile: bool = False
    peaks: bool = True
    cooling: str = ""
    emulated: bool = False
    foreign: AdoptionFacts = SPEED_ONLY

    def __post_init__(self) -> None:
        if min(self.runs, self.rounds, *self.threads) < 1 or not 0 <= self.seconds < math.inf:
            raise InputError(
                f"{self.threads} threads, {self.runs} runs, {self.rounds} rounds and {self.seconds} seconds cannot be "
                "measured; use 1, 1, 1, 0 or more."
            )
