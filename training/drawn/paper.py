"""What drawings are made with: printed dots, hatching, watercolour on paper."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.training.drawn.flatten import smoothstep
from facetoon.training.drawn.lines import along_flow
from facetoon.training.drawn.mesh import Plane

Colours = NDArray[np.floating]
"""(height, width, 3): RGB 0..1."""


def dots(shape: tuple[int, int], darkness: Plane | float, pitch_px: float) -> Plane:
    """Ink 0..1 of a screen tone: dots in rows at 45 degrees that cover `darkness` (0..1) of the paper.

    A dot is where a cosine lattice lies above a threshold (Ulichney 1987, clustered-dot screening).
    """
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    turn = np.float32(2 * np.pi / (pitch_px * np.sqrt(2)))
    lattice = 0.25 * (2 + np.cos(turn * (columns + rows)) + np.cos(turn * (columns - rows)))
    # Radius grows with the root of the share: what lies above 1 - darkness of this lattice covers nearly darkness.
    return np.clip((lattice - 1 + darkness) * pitch_px * 0.55 + 0.5, 0, 1) * smoothstep(
        np.asarray(darkness, np.float32), 0.01, 0.05
    )


def noise(shape: tuple[int, int], length_px: float, seed: int) -> Plane:
    """Smooth noise of mean 0 and deviation 1 that changes over some `length_px`; the same seed gives the same."""
    small = (max(int(shape[0] / length_px) + 4, 4), max(int(shape[1] / length_px) + 4, 4))
    values = np.random.default_rng(seed).normal(size=small).astype(np.float32)
    large = cv2.resize(values, None, fx=length_px, fy=length_px, interpolation=cv2.INTER_CUBIC)[: shape[0], : shape[1]]
    return (large - large.mean()) / max(float(large.std()), 1e-6)


def clouds(shape: tuple[int, int], length_px: float, seed: int) -> Plane:
    """Several octaves of `noise`, each half as long and half as strong (Perlin's turbulence, 1985)."""
    total = sum(0.5**k * noise(shape, max(length_px * 0.5**k, 1.01), seed + k) for k in range(4))
    return np.asarray(total, np.float32) / 1.15


def grain(shape: tuple[int, int], seed: int, scale: float) -> Plane:
    """The tooth of rough paper, deviation about 1, lit from the left top."""
    height = clouds(shape, 5 * scale, seed)
    slope = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) + cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    return slope / max(float(slope.std()), 1e-6)


def pigment(colours: Colours, density: Plane) -> Colours:
    """Watercolour of a local density: 1 leaves a colour, more darkens and saturates it (Bousseau et al. 2006)."""
    return np.clip(colours * (1 - (1 - colours) * (density[..., None] - 1)), 0, 1)


def wet_edges(lightness: Plane, spread_px: float) -> Plane:
    """0..1 where colour gathers at the borders of flat patches, on their darker side."""
    around = cv2.GaussianBlur(lightness, (0, 0), spread_px)
    return np.clip((around - lightness) / 9, 0, 1)


def hatching(darkness: Plane, tangent: NDArray[np.floating], seed: int, scale: float, length: float) -> Plane:
    """Ink 0..1 of pencil strokes along a flow: noise drawn out along it, with the darkness as its threshold."""
    raw = np.random.default_rng(seed).normal(size=darkness.shape).astype(np.float32)
    streaks = along_flow(cv2.GaussianBlur(raw, (0, 0), 0.9 * scale), tangent, length * scale)
    streaks = streaks / max(float(streaks.std()), 1e-6)
    return np.clip((streaks * 0.32 + darkness - 0.42) / 0.45, 0, 1) * smoothstep(darkness, 0.02, 0.25)
