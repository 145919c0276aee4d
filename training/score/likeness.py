"""Measures what a drawing keeps of its photograph: eyes and mouth in their places, and the colours of skin and hair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels import Image
from facetoon.training.drawn.flatten import to_lab
from facetoon.training.guides.guide_networks import FaceMesh, FaceSegments, Points
from facetoon.training.guides.photo_guides import masks

RIGHT_EYE = (33, 160, 158, 133, 153, 144)  # corners and lids, in the mesh of 468 points
LEFT_EYE = (362, 385, 387, 263, 373, 380)
MOUTH = (61, 40, 0, 270, 291, 321, 17, 91)  # the outline of the lips
PARTS = (RIGHT_EYE, LEFT_EYE, MOUTH)
NEAR = 0.5  # eye distances: a part farther than this from its place in the photograph counts as not found
SHOWN = 0.25  # of the photograph's contrast there: with less, the drawing shows bare skin. The net would not notice
LEAST_SHARE = 0.02  # of the picture: a smaller segment has no colour to speak of


@dataclass(frozen=True)
class FaceKept:
    """How well faces can be recognized in drawings."""

    photographs: int
    """Photographs with a face; the others are left out."""
    found: float
    """Share of these in whose drawing the net sees a face that shows both eyes and the mouth near their places."""
    moved: float
    """Median over them: mean distance of the landmarks of eyes and mouth, in eye distances. NaN for none."""


class FaceReference:
    """The faces of photographs, and their drawings measured against them."""

    def __init__(self, landmarks: Path, photos: Image) -> None:
        """`photos` is uint8 RGB (n, side, side, 3). Raises InputError for a file that is no face mesh of 468 points."""
        self._mesh = FaceMesh(landmarks)
        points = [self._mesh.find(photo) for photo in photos]
        self._faces = [
            (row, found, _contrasts(photos[row], found)) for row, found in enumerate(points) if found is not None
        ]

    def measure(self, drawn: Image) -> FaceKept:
        """Measure drawings of these photographs, of the same shape and order."""
        moves = [self._move(drawn[row], points, contrasts) for row, points, contrasts in self._faces]
        kept = [move for move in moves if move is not None]
        nothing = float("nan")
        moved = float(np.median(kept)) if kept else nothing
        return FaceKept(len(moves), len(kept) / len(moves) if moves else nothing, moved)

    def _move(self, drawing: Image, points: Points, contrasts: NDArray[np.floating]) -> float | None:
        """Mean distance of the landmarks of eyes and mouth, in eye distances; None unless all are found."""
        drawn = self._mesh.look_at(drawing, points)
        if drawn is None:
            return None
        eyes = [points[list(eye)].mean(0) for eye in (RIGHT_EYE, LEFT_EYE)]
        unit_px = np.linalg.norm(eyes[0] - eyes[1])
        moves = [np.linalg.norm(points[list(p)] - drawn[list(p)], axis=1).mean() / unit_px for p in PARTS]
        shown = _contrasts(drawing, drawn) > SHOWN * contrasts
        return float(np.mean(moves)) if max(moves) < NEAR and shown.all() else None


def _contrasts(picture: Image, points: Points) -> NDArray[np.floating]:
    """Span of the grey levels (2nd to 98th percentile) within the outline of each part; 0 outside the picture."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    spans = []
    for part in PARTS:
        inside = np.zeros_like(grey)
        cv2.fillConvexPoly(inside, cv2.convexHull(np.rint(points[list(part)]).astype(np.int32)), 1)
        levels = grey[inside > 0]
        spans.append(np.ptp(np.percentile(levels, (2, 98))) if len(levels) else 0.0)
    return np.array(spans)


@dataclass(frozen=True)
class ColoursKept:
    """Median over the pictures: distance of a segment's median chroma in Lab, photograph to drawing. NaN for none."""

    skin: float
    hair: float


class ColourReference:
    """Skin and hair of photographs, and their drawings measured against them."""

    def __init__(self, segments: Path, photos: Image) -> None:
        """`photos` is uint8 RGB (n, side, side, 3). Raises InputError for a file that is no net of these segments."""
        net = FaceSegments(segments)
        self._places = [masks(net.labels(photo))[..., :2] > 0 for photo in photos]
        self._chroma = [_chroma(photo, places) for photo, places in zip(photos, self._places, strict=True)]

    def measure(self, drawn: Image) -> ColoursKept:
        """Measure drawings of these photographs, of the same shape and order."""
        chroma = [_chroma(drawing, places) for drawing, places in zip(drawn, self._places, strict=True)]
        distances = np.linalg.norm(np.array(chroma) - np.array(self._chroma), axis=2)
        skin, hair = (
            float(np.median(values[np.isfinite(values)])) if np.isfinite(values).any() else float("nan")
            for values in distances.T
        )
        return ColoursKept(skin, hair)


def _chroma(picture: Image, places: NDArray[np.bool_]) -> list[NDArray[np.floating]]:
    """Median (a, b) of Lab in each segment of `places` (side, side, segments); NaN where the segment is too small."""
    lab = to_lab(picture)
    segments = np.moveaxis(places, -1, 0)
    nothing = np.full(2, np.nan, np.float32)
    return [np.median(lab[where][:, 1:], 0) if where.mean() > LEAST_SHARE else nothing for where in segments]


def gradient_energy(pictures: Image) -> float:
    """Mean squared difference of neighbouring grey levels over uint8 RGB pictures (n, side, side, 3): sharpness."""
    greys = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in pictures)
    return float(np.mean([np.square(np.diff(g, axis=0)).mean() + np.square(np.diff(g, axis=1)).mean() for g in greys]))
