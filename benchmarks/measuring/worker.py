"""A process for each variant, so that its load time, memory and crashes are its own.

While one worker measures, the others wait on their pipes. So interleaved rounds are fair.
"""

from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from facetoon.benchmarks.opening.variant import Variant
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.adoption import AdoptionFacts

PROCESS = "facetoon.benchmarks.measuring.worker_process"


class Worker:
    """The parent's side of a process that runs one variant of one model."""

    def __init__(self, path: Path, variant: Variant, foreign: AdoptionFacts) -> None:
        """Raises InputError when the variant cannot run, or when its process dies, as by an illegal instruction."""
        self.path, self.variant = path, variant
        self._pipe, child_end = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", PROCESS, str(child_end.fileno())],
            pass_fds=[child_end.fileno()],
            env=os.environ | {"OPENCV_LOG_LEVEL": "SILENT"},
            stdout=subprocess.DEVNULL,
        )
        child_end.close()
        try:
            self.opened: dict[str, Any] = self.ask("open", path, variant, foreign)
        except InputError:
            self.close()
            raise
        except RuntimeError as error:  # a runtime met a shape or type that contradicts its file
            self.close()
            raise InputError(f"{path} does not run on {variant.label}: {str(error).splitlines()[0]}") from None

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, request: str, *arguments: Any) -> Any:
        """Call a method of worker_process.Bench in the process, and return its answer or raise its InputError."""
        try:
            self._pipe.send((request, arguments))
            kind, answer = self._pipe.recv()
        except (EOFError, OSError):
            status = self._process.wait()
            raise InputError(
                f"{self.variant.label} died with status {status} while asked to {request} {self.path.name}."
            ) from None
        if kind == "refused":
            raise InputError(answer)
        if kind == "failed":
            raise RuntimeError(answer)
        return answer

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.wait()
