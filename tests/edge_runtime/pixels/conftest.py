from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def gradient():
    """256 px RGB picture, smooth in x and y, so that half a pixel's shift is measurable."""
    y, x = np.mgrid[0:256, 0:256].astype(np.uint8)
    return np.dstack([x, y, 255 - x])
