"""The image pool: discriminators also see past fakes, which keeps the two sides from chasing each other."""

from __future__ import annotations

import json

import numpy as np
from facetoon.edge_runtime.pixels import Tensor


class ImagePool:
    """Holds `size` past fakes; each new fake is swapped for an old one half of the time (Shrivastava et al. 2017).

    Its pictures and random state go into the checkpoint, so a resumed run sees what an unbroken one would.
    """

    def __init__(self, size: int, size_px: int, seed: int) -> None:
        self._images = np.zeros((size, size_px, size_px, 3), np.float32)
        self._filled = 0
        self._random = np.random.Generator(np.random.PCG64(seed))

    def exchange(self, fakes: Tensor) -> Tensor:
        """A batch of the same shape: each picture is the new fake, or an old one that the new one replaces."""
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
        """Arrays that restore the pool exactly."""
        # All of the generator's state: beside its 128 bits it keeps half of a word for the next draw.
        random = json.dumps(self._random.bit_generator.state).encode()
        return {
            f"{prefix}/images": self._images,
            f"{prefix}/filled": np.array(self._filled),
            f"{prefix}/random": np.frombuffer(random, np.uint8),
        }

    def restore(self, prefix: str, state: dict[str, Tensor]) -> None:
        """The reverse of `state`."""
        self._images = np.array(state[f"{prefix}/images"])
        self._filled = int(state[f"{prefix}/filled"])
        self._random.bit_generator.state = json.loads(state[f"{prefix}/random"].tobytes())
