"""Measures how a conversion changes the kernel inception distance, in the features of `toon-train score`'s encoder."""

from __future__ import annotations

from functools import cache
from typing import Any

from facetoon.convert.judge.comparison import Comparison
from facetoon.training.score import encoder_files, measures

LEAST = 4 * measures.LEAST_PICTURES  # half are targets, and a distance needs two targets for each picture

open_encoder = cache(encoder_files.open_encoder)


def kid_change(comparison: Comparison) -> dict[str, Any]:
    """Measure the KID of the file's pictures and of the float generator's to the generator's pictures of other inputs.

    The generator's pictures of one half of the inputs are the target; file and generator draw the other half. So it
    needs no pictures of the target domain, which the run of a distilled student does not have. `interval` is the 95 %
    interval of the change; an interval wholly above 0 means a loss of likeness. The result is empty for fewer than
    LEAST test pictures.
    """
    if len(comparison.inputs) < LEAST:
        return {}
    # Sorted by bytes: in the comparison's order, worst picture first, each file would get halves of its own.
    rows = sorted(range(len(comparison.inputs)), key=lambda row: comparison.inputs[row].tobytes())
    half, targets = rows[::2], rows[1::2]
    expected, actual = comparison.expected[..., :3], comparison.actual[..., :3]
    change = measures.kid_change(expected[half], actual[half], expected[targets], open_encoder())
    low, high = change.interval
    return {
        "float": round(change.reference, 5),
        "file": round(change.changed, 5),
        "change": round(change.difference, 5),
        "interval": [round(low, 5), round(high, 5)],
    }
