from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime import pixels


def test_check_image_names_both_sides():
    with pytest.raises(ValueError, match=r"frame is float32 of shape \(2, 2\), not uint8"):
        pixels.check_image(np.zeros((2, 2), np.float32), "frame")
