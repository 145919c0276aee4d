"""Mouth, brows and nose drawn by their landmarks, as far as the photograph shows them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.training.drawn.flatten import Lab, smoothstep
from facetoon.training.drawn.mesh import (
    INNER_LOWER_LIP,
    INNER_UPPER_LIP,
    LOWER_BROWS,
    LOWER_LIP_EDGE,
    NOSE_BASE,
    OUTER_LIPS,
    UPPER_BROWS,
    Curve,
    Mesh,
    Plane,
    smooth_curve,
    stroke,
    taper,
)

APART = 0.12  # gap of the lips over the mouth's width from which teeth or tongue are seen


def mouth_gap(mesh: Mesh) -> float:
    """How far the lips are apart, over the mouth's width."""
    upper, lower = mesh.points[list(INNER_UPPER_LIP)], mesh.points[list(INNER_LOWER_LIP)]
    width = float(np.hypot(*(upper[-1] - upper[0])))
    return float(np.hypot(*(upper[3:8] - lower[3:8]).T).mean()) / max(width, 1e-3)


def between_lips(mesh: Mesh) -> Plane:
    """0..1 inside an open mouth; all 0 when it is closed."""
    share = float(np.clip((mouth_gap(mesh) - 0.7 * APART) / (0.3 * APART), 0, 1))
    return mesh.fill((*INNER_UPPER_LIP, *reversed(INNER_LOWER_LIP)), 1.0, 0.012) * np.float32(share)


def mouth_ink(mesh: Mesh, lab: Lab, width: float = 0.036) -> Plane:
    """Ink 0..1: the line between the lips, or both inner edges of an open mouth, and a hint below the lower lip."""
    ink, faint = np.zeros(lab.shape[:2], np.float32), np.zeros(lab.shape[:2], np.float32)
    unit = mesh.unit_px
    upper, lower = (smooth_curve(mesh.points[list(i)]) for i in (INNER_UPPER_LIP, INNER_LOWER_LIP))
    widths = width * unit * taper(len(upper), 0.35, 0.35, 0.5) + 0.3
    if mouth_gap(mesh) < APART:
        stroke(ink, (upper + lower) / 2, widths)
    else:
        stroke(ink, upper, widths)
        stroke(faint, lower, 0.7 * widths)
    stroke(faint, smooth_curve(_below(mesh)), 0.55 * width * unit * taper(48))
    seen = _seen(lab[..., 0], (upper + lower) / 2, mesh)
    return np.maximum(ink, 0.55 * faint) * np.float32(seen)


def brow_ink(mesh: Mesh, lab: Lab, tone: NDArray[np.floating]) -> Plane:
    """0..1 on the brows, as far as they are darker than the skin."""
    ink = np.zeros(lab.shape[:2], np.float32)
    for side in (0, 1):
        upper, lower = (mesh.points[list(part[side])] for part in (UPPER_BROWS, LOWER_BROWS))
        middle = smooth_curve(0.45 * upper + 0.55 * lower)
        thick = np.hypot(*(upper - lower).T).mean()
        plane = np.zeros_like(ink)
        stroke(plane, middle, 0.85 * thick * taper(len(middle), 0.1, 0.55, 0.5))
        dark = lab[..., 0][plane > 0.5]
        if len(dark) > 8:
            above = _along(lab[..., 0], middle - (0.6 * thick + 0.09 * mesh.unit_px) * mesh.down)
            skin = max(min(float(np.median(above)), float(tone[0])), 1.0)
            share = 1 - float(np.median(dark)) / skin
            ink = np.maximum(ink, plane * np.float32(np.clip((share - 0.05) / 0.22, 0, 1)))
    return cv2.GaussianBlur(ink, (0, 0), 0.012 * mesh.unit_px)


def nose_ink(mesh: Mesh, width: float = 0.025) -> Plane:
    """0..1: the nostrils' lower edge, two short strokes."""
    ink = np.zeros((mesh.height_px, mesh.width_px), np.float32)
    base = mesh.points[list(NOSE_BASE)]
    for part in (base[:3], base[4:][::-1]):
        curve = smooth_curve(part)
        stroke(ink, curve, width * mesh.unit_px * taper(len(curve), 0.1, 0.5) + 0.2)
    return ink


def lips(mesh: Mesh) -> Plane:
    """0..1 on the lips, without what lies between them."""
    return mesh.fill(OUTER_LIPS, 1.0, 0.015) * (1 - between_lips(mesh))


def _below(mesh: Mesh) -> Curve:
    """A little under the lower lip's edge."""
    return mesh.points[list(LOWER_LIP_EDGE)][1:-1] + 0.05 * mesh.unit_px * mesh.down


def _seen(lightness: Plane, curve: Curve, mesh: Mesh) -> float:
    """0..1: a dark line lies along the curve, so it is not behind a hand."""
    offsets = np.linspace(-0.16, 0.16, 9) * mesh.unit_px
    values = np.stack([_along(lightness, curve + offset * mesh.down) for offset in offsets])
    dip = 1 - values[2:7].min(0) / np.maximum(np.maximum(values[0], values[-1]), 1)
    return float(smoothstep(np.median(dip, keepdims=True), 0.03, 0.12)[0])


def _along(plane: Plane, curve: Curve) -> NDArray[np.floating]:
    """A plane's values at the places of a curve; outside the picture those of its border."""
    x, y = curve[:, :1].astype(np.float32), curve[:, 1:].astype(np.float32)
    return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
