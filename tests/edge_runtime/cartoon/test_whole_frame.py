from __future__ import annotations

import numpy as np

from facetoon.edge_runtime.cartoon import whole_frame


def test_tiles_reach_from_border_to_border_and_overlap():
    for length in range(112, 400, 7):
        places = whole_frame.starts(length, 64)
        assert (places[0], places[-1]) == (0, length - 64)
        assert max(np.diff(places)) <= 64 * 0.75 + 1
