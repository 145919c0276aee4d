from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.stylize import photo_colours


def test_matched_colours_have_the_photographs_mean_and_spread():
    random = np.random.default_rng(2)
    ours, theirs = (
        np.clip(random.normal(m, s, (64, 64, 3)), 0, 255).astype(np.uint8) for m, s in ((90, 10), (140, 25))
    )
    matched = photo_colours.match_colours(ours, theirs).reshape(-1, 3)
    assert np.allclose(matched.mean(0), theirs.reshape(-1, 3).mean(0), atol=1)
    assert np.allclose(matched.std(0), theirs.reshape(-1, 3).std(0), rtol=0.05)
