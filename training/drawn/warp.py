"""Caricature by landmarks: eyes grow, nose and mouth shrink, the jaw is drawn in, all as one smooth field.

Each part is a local scaling about its middle that fades to nothing (as in Gustafsson's "interactive image warping",
1993). Where they meet they are smoothed until nothing folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels import Image
from facetoon.training.drawn.mesh import (
    CHIN,
    LOWER_LIDS,
    NOSE_BRIDGE,
    NOSE_TIP,
    OUTER_LIPS,
    OUTLINE,
    UPPER_LIDS,
    Mesh,
    Plane,
)

COARSE = 4
STEEPEST = 0.12  # pixels of the photograph a pixel drawn; at 0 the picture folds


@dataclass(frozen=True)
class Shape:
    """How a face is redrawn; 1 leaves a part as it is."""

    eye_width: float = 1.0
    eye_height: float = 1.0
    nose: float = 1.0
    mouth: float = 1.0
    jaw: float = 0.0
    """Share by which the lower face is drawn in."""


def redraw(photo: Image, mesh: Mesh, shape: Shape) -> tuple[Image, Mesh]:
    """The photograph (height, width, 3) and its landmarks in the new shape."""
    offset = field(mesh, shape)
    rows, columns = np.mgrid[0 : mesh.height_px, 0 : mesh.width_px].astype(np.float32)
    bent = cv2.remap(
        photo, columns + offset[..., 0], rows + offset[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return bent, Mesh(_moved(mesh.points, offset), mesh.height_px, mesh.width_px)


def field(mesh: Mesh, shape: Shape) -> NDArray[np.floating]:
    """(height, width, 2): from where, relative to itself, each pixel of the redrawn picture comes.

    It is made at a quarter of the size, where it costs a sixteenth; it is smooth.
    """
    size = (max(mesh.width_px // COARSE, 1), max(mesh.height_px // COARSE, 1))
    share = np.array(size, np.float32) / np.array([mesh.width_px, mesh.height_px], np.float32)
    coarse = Mesh(((mesh.points + 0.5) * share - 0.5).astype(np.float32), size[1], size[0])
    offset = _coarse_field(coarse, shape).astype(np.float32)
    fine = cv2.resize(offset, (mesh.width_px, mesh.height_px), interpolation=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(fine, (0, 0), COARSE / 2) / share  # OpenCV's cubic makes ripples of a slope


def _coarse_field(mesh: Mesh, shape: Shape) -> NDArray[np.floating]:
    offset = np.zeros((mesh.height_px, mesh.width_px, 2), np.float32)
    unit = mesh.unit_px
    for side in (0, 1):
        points = mesh.points[[*UPPER_LIDS[side], *LOWER_LIDS[side]]]
        reach = 0.58 * mesh.eye_width_px(side) + 0.25 * unit
        offset += _scaling(mesh, points.mean(0), (shape.eye_width, shape.eye_height), (reach, reach))
    nose = mesh.points[NOSE_TIP] * 0.7 + mesh.points[2] * 0.3
    offset += _scaling(mesh, nose, (shape.nose, shape.nose**0.5), (0.46 * unit, 0.6 * unit))
    lips = mesh.points[list(OUTER_LIPS)]
    reach = 0.6 * float(np.ptp(lips @ mesh.right))
    offset += _scaling(mesh, lips.mean(0), (shape.mouth, shape.mouth**0.7), (reach, max(0.9 * reach, 0.5 * unit)))
    offset += _jaw(mesh, shape.jaw)
    for _ in range(20):  # where parts meet, their fields may add up to a fold
        if min(1 + np.diff(offset[..., axis], axis=1 - axis).min(initial=0) for axis in (0, 1)) > STEEPEST:
            break
        offset = cv2.GaussianBlur(offset, (0, 0), 1.5)
    return offset


def _scaling(
    mesh: Mesh, centre: NDArray[np.floating], scale: tuple[float, float], reach_px: tuple[float, float]
) -> NDArray[np.floating]:
    """Offsets that scale (across, along) the face about `centre` and fade out at `reach_px`."""
    rows, columns = np.mgrid[0 : mesh.height_px, 0 : mesh.width_px].astype(np.float32)
    x, y = columns - centre[0], rows - centre[1]
    across, along = x * mesh.right[0] + y * mesh.right[1], x * mesh.down[0] + y * mesh.down[1]
    reach = [1.35 * r * max(s, 1.0) ** 0.5 for r, s in zip(reach_px, scale, strict=True)]
    near = np.clip(1 - (across / reach[0]) ** 2 - (along / reach[1]) ** 2, 0, 1) ** 2
    across, along = across * near * (1 / scale[0] - 1), along * near * (1 / scale[1] - 1)
    return across[..., None] * mesh.right + along[..., None] * mesh.down


def _jaw(mesh: Mesh, share: float) -> NDArray[np.floating]:
    """Offsets that draw the face in towards its middle line, more and more from the cheeks to the chin."""
    x, y = mesh.local()
    outline = mesh.points[list(OUTLINE)] - mesh.points[NOSE_BRIDGE]
    across, along = outline @ mesh.right / mesh.unit_px, outline @ mesh.down / mesh.unit_px
    chin = float(along.max())
    middle = _middle(mesh, y)
    low = np.clip((y - 0.05 * chin) / (0.8 * chin), 0, 1)
    rise = low * low * (3 - 2 * low) * np.clip((1.9 * chin - y) / (0.9 * chin), 0, 1)
    half = float(np.ptp(across)) / 2
    away = np.abs(x - middle) / half
    fade = np.clip((1.9 - away) / 0.9, 0, 1)
    inward: Plane = (x - middle) * share / (1 - share) * rise * fade * fade * (3 - 2 * fade)
    return (inward * mesh.unit_px)[..., None] * mesh.right


def _middle(mesh: Mesh, y: Plane) -> Plane:
    """The face's middle line at each height, right of the nose bridge in eye distances: a turned chin is aside."""
    chin = (mesh.points[CHIN] - mesh.points[NOSE_BRIDGE]) / mesh.unit_px
    slope = float(chin @ mesh.right) / max(float(chin @ mesh.down), 0.3)
    return (slope * np.clip(y, 0, 1.5 * float(chin @ mesh.down))).astype(np.float32)


def _moved(points: NDArray[np.floating], offset: NDArray[np.floating]) -> NDArray[np.floating]:
    """Where points of the photograph come to lie: the fixed point of q = p - offset(q)."""
    places = points.copy()
    for _ in range(12):
        x, y = places[:, 0].astype(np.float32), places[:, 1].astype(np.float32)
        shift = cv2.remap(offset, x[:, None], y[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        places = 0.5 * places + 0.5 * (points - shift[:, 0])
    return places.astype(np.float32)
