"""Lines along the edges' own flow, relative to local brightness."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.training.drawn.flatten import summed
from facetoon.training.drawn.mesh import Plane


def flow(lab: NDArray[np.floating], smooth_px: float) -> tuple[NDArray[np.floating], Plane]:
    """Unit tangents (height, width, 2) of the smoothed structure tensor, and how sure they are, 0..1.

    As Kyprianidis and Doellner 2008 ("Image Abstraction by Structure Adaptive Filtering").
    """
    soft = cv2.GaussianBlur(lab, (0, 0), 1.0)
    x, y = (cv2.Sobel(soft, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    tensor = np.dstack([summed(x * x), summed(x * y), summed(y * y)])
    e, f, g = cv2.split(cv2.GaussianBlur(tensor, (0, 0), smooth_px))
    root = np.sqrt((e - g) ** 2 + 4 * f * f)
    angle = 0.5 * np.arctan2(2 * f, e - g) + np.pi / 2  # across the gradient
    anisotropy = root / (e + g + 1.0)
    return np.dstack([np.cos(angle), np.sin(angle)]).astype(np.float32), anisotropy.astype(np.float32)


def line_response(lightness: Plane, tangent: NDArray[np.floating], width_px: float) -> Plane:
    """How much darker a line is than its surroundings, as a share of their lightness: a DoG across the flow.

    Kang et al. 2007 ("Coherent Line Drawing"), of which `along_flow` is the second half. Divided by the surroundings
    (the relative form of Winnemoeller 2011), a dark face gets lines and not blackness.
    """
    rows, columns = np.mgrid[0 : lightness.shape[0], 0 : lightness.shape[1]].astype(np.float32)
    step = max(width_px / 1.3, 1.0)
    reach = int(np.ceil(4 * width_px / step))
    places = np.arange(-reach, reach + 1.0, dtype=np.float32) * np.float32(step)
    narrow, wide = (np.exp(-0.5 * (places / s) ** 2) for s in (width_px, 1.6 * width_px))
    centre, around = np.zeros_like(lightness), np.zeros_like(lightness)
    for place, a, b in zip(places, narrow / narrow.sum(), wide / wide.sum(), strict=True):
        x, y = columns - place * tangent[..., 1], rows + place * tangent[..., 0]
        beside = cv2.remap(lightness, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        cv2.scaleAdd(beside, float(a), centre, centre)
        cv2.scaleAdd(beside, float(b), around, around)
    return (around - centre) / (around + 6.0)


def along_flow(plane: Plane, tangent: NDArray[np.floating], sigma_px: float) -> Plane:
    """A Gaussian mean along the stream line through each pixel (line integral convolution, Cabral and Leedom 1993)."""
    rows, columns = np.mgrid[0 : plane.shape[0], 0 : plane.shape[1]].astype(np.float32)
    total, weights = plane.copy(), 1.0
    stride = max(sigma_px / 2.5, 1.0)
    for sign in (stride, -stride):
        x, y, heading = columns.copy(), rows.copy(), tangent * np.float32(sign)
        for step in range(1, int(np.ceil(2 * sigma_px / stride)) + 1):
            x += heading[..., 0]
            y += heading[..., 1]
            weight = float(np.exp(-0.5 * (step * stride / sigma_px) ** 2))
            ahead = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            cv2.scaleAdd(ahead, weight, total, total)
            weights += weight
            turned = cv2.remap(tangent, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            same = turned[..., 0] * heading[..., 0] + turned[..., 1] * heading[..., 1]
            heading = turned * np.where(same < 0, np.float32(-stride), np.float32(stride))[..., None]
    return total / np.float32(weights)


def ink(response: Plane, threshold: Plane | float, softness: float) -> Plane:
    """Ink 0..1 where the response passes the threshold; 0.01 is faint, 0.1 strong."""
    return np.clip((response - threshold) / softness, 0, 1)
