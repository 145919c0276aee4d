"""Chooses rows of a set of pictures evenly over its sources, whatever their sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def draw_evenly(source: NDArray[np.integer], count: int, random: np.random.Generator) -> list[int]:
    """Draw `count` random rows; all sources are equally likely. `source` (n,) numbers the source of every row."""
    numbers = random.choice(np.unique(source), count)
    return [int(random.choice(np.flatnonzero(source == number))) for number in numbers]


def take_turns(
    source: NDArray[np.integer], count: int, shuffle: Callable[[Rows], Rows] | None = None, repeat: bool = False
) -> list[int]:
    """Return up to `count` rows, one of each source in turn until it is used up; `repeat` restarts a used-up source.

    `shuffle` orders the rows of each source; by default they keep their order. `source` (n,) numbers each row's source.
    """
    queues = [np.flatnonzero(source == number) for number in np.unique(source)]
    if shuffle:
        queues = [shuffle(rows) for rows in queues]
    turns = range(count if repeat else max(map(len, queues)))
    rows = (int(queue[turn % len(queue)]) for turn in turns for queue in queues if repeat or turn < len(queue))
    return [row for row, _ in zip(rows, range(count), strict=False)]
