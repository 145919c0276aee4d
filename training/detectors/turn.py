"""How far a face looks to the side, from the pixels of its level crop: for detectors that give no landmarks.

Histograms of oriented gradients (Dalal and Triggs 2005) of the crop, less those of its mirror image, times weights that
docs/figures/fit_turn.py fitted to YuNet's landmarks. So the mirror image of a face has its turn with the other sign, and what
is symmetric, such as hair, light from above and expression, cancels out.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.pixels import Image
from numpy.typing import NDArray

WEIGHTS = Path(__file__).parent / "turn.npy"
SIDE_PX, CELL_PX, BINS = 64, 8, 9
FRAMING = Framing(0.6, 0.5)
FEATURES = (SIDE_PX // CELL_PX - 1) ** 2 * 4 * BINS  # blocks of 2x2 cells overlap by a cell


class TurnGauge:
    """Measures turns, 0.2 ms a face. Not thread-safe."""

    def __init__(self, weights: NDArray[np.float32] | None = None) -> None:
        """The packaged weights, or others (FEATURES,)."""
        self._weights = np.load(WEIGHTS) if weights is None else weights
        block, step = (2 * CELL_PX, 2 * CELL_PX), (CELL_PX, CELL_PX)
        self._gradients = cv2.HOGDescriptor((SIDE_PX, SIDE_PX), block, step, step, BINS)

    def measure(self, frame: Image, face: Face) -> float:
        """The nose off the eyes' middle in eye distances, positive to the right of a BGR frame, as YuNet would say."""
        return float(self.features(frame, face) @ self._weights)

    def features(self, frame: Image, face: Face) -> NDArray[np.float32]:
        """What the turn is read from (FEATURES,): what the crop's gradients have that its mirror image has not."""
        crop = pixels.warp(frame, FRAMING.crop_matrix(face, SIDE_PX), SIDE_PX)
        grey, _ = pixels.to_grey(crop, SIDE_PX)
        here, mirrored = (self._gradients.compute(one) for one in (grey, np.ascontiguousarray(grey[:, ::-1])))
        return np.subtract(here, mirrored, dtype=np.float32)
