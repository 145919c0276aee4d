"""Draws a photograph with large eyes, a small nose and mouth, a narrow jaw and flat tones, by its landmarks.

A generator learns this geometry first, before it meets the critic.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.training.guides.guide_networks import Points

EYES = ((33, 133, 159, 145), (362, 263, 386, 374))  # corners, upper and lower lid in the mesh of 468 points
NOSE, MOUTH, CHIN, FOREHEAD = 4, (61, 291, 13, 14), 152, 10


@dataclass(frozen=True)
class Geometry:
    """How many times as large each part becomes; `jaw` is the share by which the jaw becomes narrower."""

    eye_width: float = 1.7
    eye_height: float = 2.1
    eye_apart: float = 0.16  # share by which the eyes move apart
    nose: float = 0.6
    mouth: float = 0.75
    jaw: float = 0.2


def draw(image: pixels.Image, points: Points | None, geometry: Geometry) -> pixels.Image:
    """A uint8 RGB picture (side, side, 3) with landmarks (468, 2) in px to the drawn picture of the same size.

    Without landmarks it only flattens the picture.
    """
    bent = image if points is None else pixels.bend(image, displacement(points, image.shape[0], geometry))
    return flatten(bent)


def displacement(points: Points, side_px: int, geometry: Geometry) -> NDArray[np.float32]:
    """float32 (side, side, 2): how many px to the right and down each pixel of the drawing takes its colour from."""
    rows, columns = np.mgrid[0:side_px, 0:side_px].astype(np.float32)
    place = np.stack([columns, rows], -1)
    eye_px = float(np.linalg.norm(points[list(EYES[0])].mean(0) - points[list(EYES[1])].mean(0)))
    total = np.zeros_like(place)
    between = (points[list(EYES[0])].mean(0) + points[list(EYES[1])].mean(0)) / 2
    for eye in EYES:
        centre = points[list(eye)].mean(0)
        apart = centre + geometry.eye_apart * (centre - between)
        scale = (geometry.eye_width, geometry.eye_height)
        total += _scaled(place, apart, 0.4 * eye_px, scale, power=2, taken_from=centre)
    total += _scaled(place, points[NOSE], 0.22 * eye_px, (geometry.nose, geometry.nose))
    mouth = points[list(MOUTH)].mean(0)
    total += _scaled(place, mouth, 0.4 * eye_px, (geometry.mouth, geometry.mouth))
    tall_px = float(np.linalg.norm(points[CHIN] - points[FOREHEAD]))
    jaw = (1 - geometry.jaw, 1 - geometry.jaw / 2)
    total += _scaled(place, (mouth + points[CHIN]) / 2, 0.4 * tall_px, jaw)
    smooth: NDArray[np.float32] = cv2.GaussianBlur(total, (0, 0), max(0.02 * side_px, 0.5))
    return smooth


def _scaled(
    place: NDArray[np.float32],
    centre: Points,
    radius_px: float,
    scale: tuple[float, float],
    power: int = 1,
    taken_from: Points | None = None,
) -> NDArray[np.float32]:
    """Displacement that makes the surroundings of `centre` `scale` times as wide and tall, fading over `radius_px`.

    With `taken_from` it draws at `centre` the surroundings of that point.
    """
    offset = place - centre
    distance = np.sum(np.square(offset), -1, keepdims=True) / radius_px**2
    weight = np.exp(-(distance**power) / 2)
    away = 0 if taken_from is None else taken_from - centre
    moved: NDArray[np.float32] = (weight * (offset * (1 / np.array(scale, np.float32) - 1) + away)).astype(np.float32)
    return moved


def flatten(image: pixels.Image) -> pixels.Image:
    """Flattens tones and keeps edges, with four bilateral passes (Tomasi and Manduchi 1998)."""
    reach_px = max(image.shape[0] / 40, 2.0)
    for _ in range(4):
        image = cv2.bilateralFilter(image, 5, 28, reach_px)
    return image
