"""A process for each variant, so that its load time, memory and crashes are its own. The parent says when it runs.

While one worker measures, the others wait on their pipes. That makes interleaved rounds fair.
"""

from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from facetoon.benchmarks.opening.foreign_session import Foreign
from facetoon.benchmarks.opening.variant import Variant
from facetoon.edge_runtime.errors import InputError

PROCESS = "facetoon.benchmarks.measuring.worker_process"


class Worker:
    """The parent's side of a process that has opened one model in one way."""

    def __init__(self, path: Path, variant: Variant, foreign: Foreign) -> None:
        """Raises InputError when the model cannot run so, or when its process dies, as by an illegal instruction."""
        self.path, self.variant = path, variant
        self._pipe, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", PROCESS, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | {"OPENCV_LOG_LEVEL": "SILENT"},
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        try:
            self.opened: dict[str, Any] = self.ask("open", path, variant, foreign)
        except InputError:
            self.close()
            raise
        except RuntimeError as error:  # a runtime's answer to a shape or type that its own file denies
            self.close()
            raise InputError(f"{path} does not run on {variant.label}: {str(error).splitlines()[0]}") from None

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, request: str, *arguments: Any) -> Any:
        """Call a method of worker_process.Bench in the process. Its InputError is raised here."""
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
