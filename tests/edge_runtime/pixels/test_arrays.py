from __future__ import annotations

import numpy as np
import pytest

from facetoon.edge_runtime import pixels


def test_check_image_names_both_sides():
    with pytest.raises(ValueError, match=r"frame is float32 of shape \(2, 2\), not uint8"):
        pixels.check_image(np.zeros((2, 2), np.float32), "frame")


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("quarters", [-1, 0, 1, 2, 3, 4])
def test_turn_is_clockwise_and_then_mirrors(quarters, mirror):
    image = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    turned = pixels.turn(image, quarters, mirror)
    wanted = np.rot90(image, -quarters)
    assert np.array_equal(turned, wanted[:, ::-1] if mirror else wanted)
    assert turned.flags.c_contiguous
