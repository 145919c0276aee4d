"""The numbers of the landmarks."""

from __future__ import annotations

import numpy as np

from facetoon.training.drawn.mesh import UPPER_LIDS


def test_lids_are_numbered_from_outside_in(points):
    for side, sign in ((0, -1), (1, 1)):
        lid = points[list(UPPER_LIDS[side])]
        assert (np.diff(lid[:, 0]) * -sign > 0).all()
