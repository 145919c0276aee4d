from __future__ import annotations

import tracemalloc

import numpy as np

from facetoon.edge_runtime.cartoon import whole_frame


def test_a_strip_takes_bounded_memory_and_keeps_its_size():
    """At its own shape the strip would be drawn at 56,000x56 pixels."""
    frame = np.full((2, 2000, 3), 90, np.uint8)
    tracemalloc.start()
    try:
        cartoon = whole_frame.cartoonize(frame, lambda tile: 255 - tile, 32)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert cartoon.shape == frame.shape
    assert (cartoon == 165).all()


def test_tiles_reach_from_border_to_border_and_overlap():
    for length in range(112, 400, 7):
        places = whole_frame.starts(length, 64)
        assert (places[0], places[-1]) == (0, length - 64)
        assert max(np.diff(places)) <= 64 * 0.75 + 1
