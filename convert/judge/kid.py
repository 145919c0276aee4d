"""What a conversion changes in the kernel inception distance, through the encoder that `toon-train score` uses."""

from __future__ import annotations

from functools import cache
from typing import Any

from facetoon.convert.judge.comparison import Comparison
from facetoon.training.score import encoder_files, measures

LEAST = 4 * measures.LEAST_PICTURES  # half of them targets, of which a distance wants two for each picture

open_encoder = cache(encoder_files.open_encoder)


def kid_change(comparison: Comparison) -> dict[str, Any]:
    """KID of the file's pictures to the float generator's of other inputs, beside that of the float generator itself.

    Half of the test pictures stand for the target, the other half are drawn by either; so no pictures of the target
    domain are needed, which a distilled student's run does not have. `interval` is the 95 % one of the change: where
    it lies above 0 as a whole, the conversion cost likeness. Empty for fewer than LEAST test pictures.
    """
    if len(comparison.inputs) < LEAST:
        return {}
    # By content: the comparison has its worst picture first, which would give each file halves of its own.
    rows = sorted(range(len(comparison.inputs)), key=lambda row: comparison.inputs[row].tobytes())
    drawn, others = rows[::2], rows[1::2]
    change = measures.kid_change(
        comparison.expected[drawn], comparison.actual[drawn], comparison.expected[others], open_encoder()
    )
    low, high = change.interval
    return {
        "float": round(change.reference, 5),
        "file": round(change.changed, 5),
        "change": round(change.difference, 5),
        "interval": [round(low, 5), round(high, 5)],
    }
