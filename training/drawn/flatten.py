"""Flat colour: edge-preserving smoothing, anisotropic Kuwahara, soft steps of lightness, tone relative to the face.

Planes and pictures are float32; Lab has L in 0..100. Lengths are in pixels of the working picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels import Image
from facetoon.training.drawn.mesh import Plane

Lab = NDArray[np.floating]
"""(height, width, 3): L in 0..100, a and b around 0."""


def to_lab(image: Image) -> Lab:
    """Lab of an RGB picture, uint8 or float 0..1."""
    values = image.astype(np.float32) / 255 if image.dtype == np.uint8 else image
    return cv2.cvtColor(values, cv2.COLOR_RGB2LAB)


def from_lab(lab: Lab) -> NDArray[np.floating]:
    """RGB 0..1."""
    return np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1)


def smoothstep(values: Plane, low: float, high: float) -> Plane:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def summed(values: NDArray[np.floating]) -> Plane:
    """Sum over three channels; NumPy's own sum over a short last axis takes ten times as long."""
    return values[..., 0] + values[..., 1] + values[..., 2]


def bilateral(lab: NDArray[np.floating], passes: int, reach_px: float, contrast: float) -> NDArray[np.floating]:
    """Several small bilateral passes (Tomasi and Manduchi 1998; repeated as in Winnemoeller et al. 2006)."""
    for _ in range(passes):
        lab = cv2.bilateralFilter(lab, int(2 * reach_px) | 1, contrast, reach_px)
    return lab


def guided(plane: NDArray[np.floating], guide: Plane, radius_px: int, noise: float) -> NDArray[np.floating]:
    """Guided filter (He et al. 2010): smooth but for the guide's edges that stand out of `noise`."""
    size = (2 * radius_px + 1, 2 * radius_px + 1)

    def box(values: NDArray[np.floating]) -> NDArray[np.floating]:
        return cv2.blur(values, size, borderType=cv2.BORDER_REFLECT)

    if plane.ndim == 3:
        return np.stack([guided(plane[..., k], guide, radius_px, noise) for k in range(plane.shape[2])], -1)
    mean_guide, mean = box(guide), box(plane)
    slope = (box(guide * plane) - mean_guide * mean) / (box(guide * guide) - mean_guide**2 + noise**2)
    return box(slope) * guide + box(mean - slope * mean_guide)


def kuwahara(lab: Lab, tangent: NDArray[np.floating], anisotropy: Plane, radius_px: float, sharpness: float = 8) -> Lab:
    """Anisotropic Kuwahara (Kyprianidis et al. 2009): each pixel becomes the mean of its least varied sectors.

    The eight sectors of an ellipse along the flow are taken as Gaussian discs about the sectors' middles, so that a
    sector's mean and variance are two blurred pictures seen elsewhere. `anisotropy` is 0..1.
    """
    spread = radius_px / 2.2
    mean = cv2.GaussianBlur(lab, (0, 0), spread)
    square = cv2.GaussianBlur(lab * lab, (0, 0), spread)
    variance = np.maximum(summed(square - mean * mean), 0)
    stacked = np.dstack([mean, variance])
    rows, columns = np.mgrid[0 : lab.shape[0], 0 : lab.shape[1]].astype(np.float32)
    longer, total, weight_sum = 1 + anisotropy, np.zeros_like(lab), np.zeros(lab.shape[:2], np.float32)
    for sector in range(8):
        angle = (sector + 0.5) * np.pi / 4
        u, v = float(radius_px * np.cos(angle)) * longer, float(radius_px * np.sin(angle)) / longer
        x = columns + u * tangent[..., 0] - v * tangent[..., 1]
        y = rows + u * tangent[..., 1] + v * tangent[..., 0]
        sector_values = cv2.remap(stacked, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        weight = 1 / (1 + np.sqrt(np.maximum(sector_values[..., 3], 0))) ** sharpness
        total += weight[..., None] * sector_values[..., :3]
        weight_sum += weight
    return total / np.maximum(weight_sum, 1e-20)[..., None]


def soft_steps(lightness: Plane, steps: int, hardness: float) -> Plane:
    """Lightness 0..100 in soft steps (Winnemoeller et al. 2006): a tanh about each border, none where it is flat."""
    width = 100 / steps
    nearest = (np.floor(lightness / width) + 0.5) * width
    return nearest + width / 2 * np.tanh(hardness * (lightness - nearest) / width) / np.tanh(hardness / 2)


def coloured(lab: Lab, gain: float, most: float) -> Lab:
    """Chroma times `gain`, bent so that it never passes `most`: orange skin stays skin."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    wanted = most * np.tanh(gain * chroma / most)
    factor = wanted / np.maximum(chroma, 1e-3)
    return np.dstack([lab[..., 0], lab[..., 1] * factor, lab[..., 2] * factor]).astype(np.float32)


def exposed(lab: Lab, face_lightness: float, target: float) -> Lab:
    """A curve that brings the face's lightness some of the way to `target`: dark skin gets clear and stays dark.

    A well exposed picture has whites, and its dark faces are dark skin: they go a quarter of the way, those of a dark
    picture two thirds. The curve 1 - (1 - L)^g is a gamma seen from the white end: black stays black, where L^g would
    veil it.
    """
    share = float(np.interp(np.percentile(lab[::4, ::4, 0], 97), (60, 92), (0.65, 0.25)))
    now = np.clip(face_lightness, 8, 92) / 100
    goal = np.clip(((1 - share) * face_lightness + share * target) / 100, 0.05, 0.95)
    power = float(np.clip(np.log(1 - goal) / np.log(1 - now), 0.85, 2.2))
    lightness = 100 * (1 - np.clip(1 - lab[..., 0] / 100, 0, 1) ** power)
    # Colours would fade where the dark is lifted; chroma goes with lightness.
    gain = np.sqrt(np.clip((lightness + 10) / (lab[..., 0] + 10), 0.7, 1.6))
    return np.dstack([lightness, lab[..., 1] * gain, lab[..., 2] * gain]).astype(np.float32)
