"""Keeps TensorFlow's output off the terminal, and turns the errors of converters and runtimes into refusals."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from facetoon.edge_runtime.errors import InputError


@contextmanager
def quiet() -> Iterator[None]:
    """Divert standard output and error, also C++'s, into a temporary file while the block runs.

    TensorFlow prints about 170 lines for each model. When the block raises anything but InputError, these lines become
    a note of the exception, so the traceback of a defect still shows them.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            with _descriptors_to(log.fileno()), redirect_stdout(log), redirect_stderr(log):
                yield
        except InputError:
            raise
        except Exception as error:
            log.seek(0)
            error.add_note("Output before the error:\n" + log.read())
            raise


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn any error that a library raises inside the block into an InputError that begins with `what`.

    Converters, checkers and runtimes raise exceptions of many kinds for a network that they do not take. The original
    error stays the cause. An error that a line of this kit raises is a defect and passes, as faults of the disk do, an
    OSError. Memory that runs out is the network's fault wherever it happens.
    """
    try:
        yield
    except (InputError, OSError):
        raise
    except Exception as error:
        if _is_raised_here(error) and not isinstance(error, MemoryError):
            raise
        lines = (line.strip() for line in str(error).splitlines())
        raise InputError(f"{what}: {next(filter(None, lines), type(error).__name__)}") from error


def _is_raised_here(error: Exception) -> bool:
    """Whether the line that raised the error is the kit's. NumPy and OpenCV have no lines of Python to be seen."""
    *_, (innermost, _) = traceback.walk_tb(error.__traceback__)
    return str(innermost.f_globals["__name__"]).startswith("facetoon.")


@contextmanager
def _descriptors_to(target: int) -> Iterator[None]:
    """Point descriptors 1 and 2, which C++ writes to, at the descriptor `target`."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    os.dup2(target, 1)
    os.dup2(target, 2)
    try:
        yield
    finally:
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)
