from __future__ import annotations

import numpy as np

from facetoon.convert.formats.percentiles import percentile_spans


def test_single_values_are_left_out_but_no_picture_is():
    random = np.random.default_rng(1)
    usual, other = (random.uniform(0, most, (100, 100, 4)).astype(np.float32) for most in (1, 2))
    usual[0, 0, 0] = 1000
    levels = np.arange(9)  # no float: left out
    spans = percentile_spans([[("a", usual), ("levels", levels)], [("a", other), ("b", -usual[:1])]])
    assert spans.keys() == {"a", "b"}
    least, greatest = spans["a"]
    assert 0 <= least < 0.01
    assert 1.99 < greatest <= 2


def test_large_tensors_are_sampled_evenly():
    ramp = np.linspace(0, 1, 1 << 20, dtype=np.float32)
    np.testing.assert_allclose(percentile_spans([[("a", ramp)]])["a"], (0.0001, 0.9999), atol=1e-4)
