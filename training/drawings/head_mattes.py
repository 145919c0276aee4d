"""The matte of a head, from a segmentation net, in the shape in which a style draws the head, and its features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.training.drawn.landmarks import LandmarkNet
from facetoon.training.drawn.mesh import Mesh
from facetoon.training.drawn.warp import Shape, redraw
from facetoon.training.guides.guide_networks import FaceSegments, Labels
from facetoon.training.guides.photo_guides import file_digest

NOT_HEAD = (0, 14, 15, 16)
"""CelebAMask-HQ's background, neck, necklace and cloth; hair, ears, glasses, earrings and hats belong to the head."""
FEATURES = (2, 3, 4, 5, 6, 11, 12, 13)
"""Brows, eyes, glasses, mouth and lips."""
FEATURES_ROOM = 1 / 20  # of the side, around the features: styles draw eyes larger than they are
SAME_SHAPE = Shape()
SOFT = 1 / 200  # deviation of the matte's border, as a share of the side
CHUNK = 64  # photographs for which a thread opens the two nets


@dataclass(frozen=True)
class HeadMattes:
    """The file of the segmentation net, and the landmark net's (None: the installed one)."""

    segments: Path
    landmarks: Path | None = None

    def digests(self) -> dict[str, str]:
        """Return the hash of the file, for the run's configuration. Raises InputError when it cannot be read."""
        return {"segments_sha256": file_digest(self.segments)}

    def of(self, photos: pixels.Image, shapes: Sequence[Shape]) -> NDArray[np.uint8]:
        """Return masks, uint8 (n, 1 + shapes, side, side) of 0 to 255, of photographs RGB uint8 (n, side, side, 3).

        The first marks eyes, brows and mouth; the others are the heads' mattes. The matte of a photograph without
        landmarks keeps the photograph's shape.
        """
        mattes = np.empty((len(photos), 1 + len(shapes), *photos.shape[1:3]), np.uint8)

        def fill(start: int) -> None:
            rows = slice(start, start + CHUNK)
            for row, matte in enumerate(self._chunk(photos[rows], shapes), start):
                mattes[row] = matte

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(fill, range(0, len(photos), CHUNK)))
        return mattes

    def _chunk(self, photos: pixels.Image, shapes: Sequence[Shape]) -> Iterator[NDArray[np.uint8]]:
        segments, net = FaceSegments(self.segments), LandmarkNet(self.landmarks)
        for photo in photos:
            labels = segments.labels(photo)
            features, matte = features_mask(labels), head_matte(labels)
            face = net.find(photo) if any(shape != SAME_SHAPE for shape in shapes) else None
            if face is None:
                yield np.stack([features, *[matte] * len(shapes)])
            else:
                mesh = Mesh(face.points, *photo.shape[:2])
                drawn = [matte if s == SAME_SHAPE else redraw(matte, mesh, s)[0] for s in shapes]
                yield np.stack([features, *drawn])


def head_matte(labels: Labels) -> NDArray[np.uint8]:
    """Turn classes, int64 (side, side), into the matte of the largest head, uint8 (side, side) of 0 to 255."""
    head = (~np.isin(labels, NOT_HEAD)).astype(np.uint8)
    outlines, _ = cv2.findContours(head, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros_like(head)
    if outlines:  # filled, because a hole in a head is an error of the net
        cv2.drawContours(whole, [max(outlines, key=cv2.contourArea)], -1, 255, cv2.FILLED)
    return cv2.GaussianBlur(whole, (0, 0), SOFT * labels.shape[0]).astype(np.uint8)


def features_mask(labels: Labels) -> NDArray[np.uint8]:
    """Turn classes, int64 (side, side), into a mask of eyes, brows and mouth with room, uint8 of 0 or 255."""
    room_px = round(FEATURES_ROOM * labels.shape[0])
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * room_px + 1, 2 * room_px + 1))
    return cv2.dilate(np.isin(labels, FEATURES).astype(np.uint8) * 255, disc).astype(np.uint8)
