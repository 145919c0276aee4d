"""Does many pieces of work on all cores, in order. Only a few are in flight, so memory stays the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import cv2

from facetoon.edge_runtime.errors import InputError

AHEAD = 8  # pieces in flight for each process

Work = TypeVar("Work")
Result = TypeVar("Result")


def in_order(
    open_worker: Callable[[], Callable[[Work], Result]], todo: Sequence[Work], jobs: int
) -> Generator[Result, None, None]:
    """Yield the result of each piece, in order, from `jobs` processes, or from this process when `jobs` is 1.

    Each process calls `open_worker` once for its own worker, so it must be picklable. It is called here first, so its
    InputError comes before any process starts. Close the iterator to stop early.
    """
    worker = open_worker()
    if jobs == 1 or len(todo) < 2 * jobs:
        yield from map(worker, todo)
        return
    context = multiprocessing.get_context("spawn")  # after a fork, OpenCV may wait for threads that were not copied
    pool = ProcessPoolExecutor(jobs, context, _start, (open_worker,))
    try:
        in_flight: deque[Future[Result]] = deque()
        for work in todo:
            in_flight.append(pool.submit(_do, work))
            if len(in_flight) >= AHEAD * jobs:
                yield in_flight.popleft().result()
        while in_flight:
            yield in_flight.popleft().result()
    except BrokenProcessPool:
        raise InputError(
            "A process was killed, perhaps because memory ran out; repeat the command with --jobs 1 to continue."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_workers: list[Callable[[Any], Any]] = []  # one for each process


def _start(open_worker: Callable[[], Callable[[Any], Any]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the run
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)  # the processes share the cores already
    _workers.append(open_worker())


def _do(work: Any) -> Any:
    return _workers[0](work)


def _end_with_parent() -> None:
    """End this process when the parent is killed; otherwise it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
