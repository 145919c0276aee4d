"""The image pool: discriminators also see past fakes, so that the two sides do not chase each other in circles."""

from __future__ import annotations

import json

import numpy as np
from facetoon.edge_runtime.pixels import Tensor


class ImagePool:
    """Holds `size` past fakes and swaps each new fake for an old one half of the time (Shrivastava et al. 2017).

    Its pictures and random state go into the checkpoint, so a resumed run sees the same fakes as an unbroken one.
    """

    def __init__(self, size: int, size_px: int, seed: int) -> None:
        self._images = np.zeros((size, size_px, size_px, 3), np.float32)
        self._filled = 0
        self._random = np.random.Generator(np.random.PCG64(seed))

    def exchange(self, fakes: Tensor) -> Tensor:
        """Fakes (batch, size_px, size_px, 3), float -1..1, to the same: each is the new fake or an old one."""
        out = np.array(fakes, np.float32)
        size = len(self._images)
        for index in range(len(out) if size else 0):
            if self._filled < size:
                self._images[self._filled] = out[index]
                self._filled += 1
            elif self._random.random() < 0.5:
                slot = self._random.integers(size)
                self._images[slot], out[index] = out[index].copy(), self._images[slot].copy()
        return out

    def state(self, prefix: str) -> dict[str, Tensor]:
        """Arrays that restore the pool exactly, by names that begin with `prefix`."""
        # The whole state: beside its 128 bits the generator keeps half a word for the next draw.
        random = json.dumps(self._random.bit_generator.state).encode()
        return {
            f"{prefix}/images": self._images,
            f"{prefix}/filled": np.array(self._filled),
            f"{prefix}/random": np.frombuffer(random, np.uint8),
        }

    def restore(self, prefix: str, state: dict[str, Tensor]) -> None:
        """Takes back what `state` gave."""
        self._images = np.array(state[f"{prefix}/images"])
        self._filled = int(state[f"{prefix}/filled"])
        self._random.bit_generator.state = json.loads(state[f"{prefix}/random"].tobytes())
