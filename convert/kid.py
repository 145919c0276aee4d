"""What a conversion changes in the kernel inception distance, through the encoder that `toon-train score` uses."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from convert.compare import Comparison
from training import encoder, quality

open_encoder = cache(encoder.open_encoder)


def kid_change(comparison: Comparison) -> dict[str, Any]:
    """KID of the file's pictures to the float generator's of other inputs, beside that of the float generator itself.

    Half of the test pictures stand for the target, the other half are drawn by either; so no pictures of the target
    domain are needed, which a distilled student's run does not have. `interval` is the 95 % one of the float
    generator's: a change inside it is less than what other pictures would have made. Empty for fewer than
    2 * quality.LEAST_PICTURES pictures, which say nothing.
    """
    if len(comparison.inputs) < 2 * quality.LEAST_PICTURES:
        return {}
    look = open_encoder()
    # By content: the comparison has its worst picture first, which would give each file halves of its own.
    rows = sorted(range(len(comparison.inputs)), key=lambda row: comparison.inputs[row].tobytes())
    target, drawn, by_file = (
        np.asarray(look(pictures), np.float64)
        for pictures in (comparison.expected[rows[1::2]], comparison.expected[rows[::2]], comparison.actual[rows[::2]])
    )
    before, after = quality.kid(drawn, target), quality.kid(by_file, target)
    low, high = quality.jackknife_interval(quality.kid, drawn, target, np.random.default_rng(0))
    return {
        "float": round(before, 5),
        "file": round(after, 5),
        "change": round(after - before, 5),
        "interval": [round(low, 5), round(high, 5)],
    }
