"""Finds copies of a picture, also in another encoding or size or slightly shifted, by a perceptual hash.

The hash holds the signs of the lowest 16x16 DCT coefficients (Zauner 2010). It has 256 bits instead of 64, because
aligned faces are so alike that 64 bits confuse different people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels

BITS = 256
_BLOCK = 512  # rows compared at once, which bounds the memory


def perceptual_hash(grey: NDArray[np.uint8]) -> str:
    """Return the hash of a grey picture, uint8 (height, width), as 64 hexadecimal digits."""
    small = pixels.resize(grey, 32, 32).astype(np.float32)
    low = cv2.dct(small)[:16, :16].ravel()[1:]  # without the mean
    bits = np.append(low > np.median(low), False)
    return np.packbits(bits).tobytes().hex()


def near_pairs(hashes: Sequence[str], limit: int) -> Iterator[tuple[int, int, int]]:
    """Yield (earlier row, later row, differing bits) for each pair of hashes that differ by at most `limit` bits."""
    if not hashes:
        return
    packed = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8).reshape(len(hashes), BITS // 8)
    signs = np.unpackbits(packed, axis=1).astype(np.float32) * 2 - 1
    for start in range(0, len(signs), _BLOCK):
        block = signs[start : start + _BLOCK]
        distance = (BITS - block @ signs[: start + _BLOCK].T) / 2  # exact: small whole numbers in float32
        for row, column in np.argwhere(distance <= limit):
            if column < start + row:
                yield int(column), int(start + row), round(float(distance[row, column]))


def keep_one_of_each(pairs: Iterable[tuple[int, int, int]]) -> dict[int, tuple[int, int]]:
    """Return the rows to drop: {row: (the kept row that it repeats, differing bits)}. Of two alike the earlier stays.

    No two kept rows are alike, so neither side of a split can leak into the other.
    """
    near: dict[int, list[tuple[int, int]]] = {}
    for early, late, bits in pairs:
        near.setdefault(late, []).append((bits, early))
    dropped: dict[int, tuple[int, int]] = {}
    for late in sorted(near):
        kept = [(bits, early) for bits, early in sorted(near[late]) if early not in dropped]
        if kept:
            bits, early = kept[0]
            dropped[late] = (early, bits)
    return dropped
