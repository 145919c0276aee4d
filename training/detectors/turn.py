"""Measures how far a face looks to the side from its level crop, for detectors without landmarks.

The features are histograms of oriented gradients (Dalal and Triggs 2005) of the crop minus those of its mirror image;
docs/figures/fit_turn.py fitted the weights to YuNet's landmarks. So a mirrored face has the same turn with the opposite
sign. Symmetric features, such as hair, light from above and expression, cancel out.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.pixels import Image

WEIGHTS = Path(__file__).parent / "turn.npy"
SIDE_PX, CELL_PX, BINS = 64, 8, 9
FRAMING = Framing(0.6, 0.5)
FEATURES = (SIDE_PX // CELL_PX - 1) ** 2 * 4 * BINS  # blocks of 2x2 cells overlap by a cell


class TurnGauge:
    """Measures the turn of a face in 0.2 ms. Not thread-safe."""

    def __init__(self, weights: NDArray[np.float32] | None = None) -> None:
        """Use `weights`, float32 (FEATURES,), or the packaged ones."""
        self._weights = np.load(WEIGHTS) if weights is None else weights
        block, step = (2 * CELL_PX, 2 * CELL_PX), (CELL_PX, CELL_PX)
        self._gradients = cv2.HOGDescriptor((SIDE_PX, SIDE_PX), block, step, step, BINS)

    def measure(self, frame: Image, face: Face) -> float:
        """Return the nose's distance from the eyes' middle, in eye distances, positive to the right of a BGR frame."""
        return float(self.features(frame, face) @ self._weights)

    def features(self, frame: Image, face: Face) -> NDArray[np.float32]:
        """Return float32 (FEATURES,): the gradients of the crop minus the gradients of its mirror image."""
        crop = pixels.warp(frame, FRAMING.crop_matrix(face, SIDE_PX), SIDE_PX)
        grey, _ = pixels.to_grey(crop, SIDE_PX)
        plain, mirrored = (self._gradients.compute(one) for one in (grey, np.ascontiguousarray(grey[:, ::-1])))
        return np.subtract(plain, mirrored, dtype=np.float32)
