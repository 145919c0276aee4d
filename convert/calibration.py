"""The pictures of a conversion: training ones to calibrate with, test ones, never seen by either, to judge with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_runtime.errors import InputError
from edge_runtime.pixels import Image
from training.images import ImageSet, load_split


@dataclass(frozen=True)
class Sample:
    """Some pictures of one split, at the generator's size: uint8 RGB (n, side, side, 3)."""

    images: Image
    split_sha256: str
    """Of the whole split that they were drawn from; see training.images.ImageSet.digest."""

    def describe(self) -> dict[str, Any]:
        """Size and hashes, for the spec and the report; `sha256` covers the pixels in their order."""
        sha256 = hashlib.sha256(self.images.tobytes()).hexdigest()
        return {"images": len(self.images), "sha256": sha256, "split_sha256": self.split_sha256}


def load_samples(
    sources: list[str], size_px: int, test_share: float, train_sha256: str, counts: tuple[int, int], seed: int
) -> tuple[Sample, Sample]:
    """Calibration and test sample, at most `counts` pictures each, the largest centred square at `size_px`.

    Raises InputError when pictures are missing, or when the training split of `sources` is not the one the run was
    trained on (`train_sha256`): its test pictures could then be ones that the generator has learnt from.
    """
    if min(counts) < 1:
        raise InputError(f"Calibration and test want at least one picture each, not {counts[0]} and {counts[1]}.")
    train, test = load_split(sources, size_px, test_share)
    if train.digest != train_sha256:
        raise InputError(
            f"The training share of {' '.join(sources)} ({len(train)} pictures, {train.digest[:12]}) is not what the "
            f"run was trained on ({train_sha256[:12]}): give the same pictures with --photos."
        )
    return draw(train, counts[0], seed), draw(test, counts[1], seed)


def draw(images: ImageSet, count: int, seed: int) -> Sample:
    """Up to `count` pictures, the same for the same seed, evenly over the sources as far as each one lasts."""
    random = np.random.default_rng(seed)
    queues = [list(random.permutation(np.flatnonzero(images.source == s))) for s in np.unique(images.source)]
    rows: list[int] = []
    while len(rows) < count and any(queues):
        rows += [queue.pop() for queue in queues if queue]
    return Sample(images.images[rows[:count]], images.digest)
