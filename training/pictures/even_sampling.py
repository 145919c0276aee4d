"""Rows of a set of pictures, chosen evenly over its sources, however unequal these are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def draw_evenly(source: NDArray[np.integer], count: int, random: np.random.Generator) -> list[int]:
    """`count` random rows; each source is as likely as any other. `source` (n,) numbers the source of every row."""
    wanted = random.choice(np.unique(source), count)
    return [int(random.choice(np.flatnonzero(source == number))) for number in wanted]


def take_turns(
    source: NDArray[np.integer], count: int, shuffle: Callable[[Rows], Rows] | None = None, repeat: bool = False
) -> list[int]:
    """Up to `count` rows, one of each source in turn, as far as each lasts; `repeat` begins a source again at its end.

    `shuffle` orders the rows of each source; without it they come as they are. `source` (n,) numbers each row's source.
    """
    queues = [np.flatnonzero(source == number) for number in np.unique(source)]
    if shuffle:
        queues = [shuffle(rows) for rows in queues]
    turns = range(count if repeat else max(map(len, queues)))
    rows = (int(queue[turn % len(queue)]) for turn in turns for queue in queues if repeat or turn < len(queue))
    return [row for row, _ in zip(rows, range(count), strict=False)]
