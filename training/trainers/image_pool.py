"""The image pool: discriminators also see past fakes, which keeps both sides from oscillating."""

from __future__ import annotations

import json

import numpy as np

from facetoon.edge_runtime.pixels import Tensor


class ImagePool:
    """Holds `size` past fakes and replaces half of the new fakes by old ones (Shrivastava et al. 2017).

    Its pictures and random state go into the checkpoint, so a resumed run sees the same fakes as an uninterrupted one.
    """

    def __init__(self, size: int, size_px: int, seed: int) -> None:
        self._images = np.zeros((size, size_px, size_px, 3), np.float32)
        self._filled = 0
        self._random = np.random.Generator(np.random.PCG64(seed))

    def exchange(self, fakes: Tensor) -> Tensor:
        """Return new or old fakes for the new fakes (batch, size_px, size_px, 3), float32 -1..1, in the same shape."""
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
        """Return arrays that restore the pool exactly, by names that begin with `prefix`."""
        # The whole state, because besides its 128 bits the generator keeps half a word for the next draw.
        random = json.dumps(self._random.bit_generator.state).encode()
        return {
            f"{prefix}/images": self._images,
            f"{prefix}/filled": np.array(self._filled),
            f"{prefix}/random": np.frombuffer(random, np.uint8),
        }

    def restore(self, prefix: str, state: dict[str, Tensor]) -> None:
        """Restore the arrays that `state` returned."""
        self._images = np.array(state[f"{prefix}/images"])
        self._filled = int(state[f"{prefix}/filled"])
        self._random.bit_generator.state = json.loads(state[f"{prefix}/random"].tobytes())
