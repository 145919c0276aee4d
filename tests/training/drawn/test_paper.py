"""Screen tone."""

from __future__ import annotations

import numpy as np
import pytest

from facetoon.training.drawn import paper


@pytest.mark.parametrize("darkness", [0.1, 0.3, 0.5, 0.7])
def test_screen_tone_covers_as_much_as_it_should(darkness):
    assert paper.dots((300, 300), np.full((300, 300), darkness, np.float32), 9).mean() == pytest.approx(
        darkness, abs=0.1
    )
