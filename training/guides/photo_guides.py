"""Makes masks and a drawn geometry for the photographs of a run, and keeps them in a cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.guides.drawn_geometry import Geometry, draw
from facetoon.training.guides.guide_networks import FaceMesh, FaceSegments, Labels
from facetoon.training.pictures.images import ImageSet
from facetoon.training.work.kept_arrays import kept_arrays

VERSION = 2  # of the cached arrays: another number makes them again
SKIN, FEATURES, HAIR = (1, 7, 8, 10, 14), (2, 3, 4, 5, 6, 11, 12, 13), (17,)
CHUNK = 64  # pictures for which a thread opens the two networks


@dataclass(frozen=True)
class Guides:
    """The files of the two networks, and the folder for the cache, if any."""

    segments: Path
    landmarks: Path
    cache: Path | None = None

    def digests(self) -> dict[str, str]:
        """The hashes of the files, for the run's configuration. Raises InputError when one cannot be read."""
        return {"segments_sha256": file_digest(self.segments), "landmarks_sha256": file_digest(self.landmarks)}

    def guided(self, photos: ImageSet) -> ImageSet:
        """Photographs (n, side, side, 3) to uint8 (n, 3, side, side, 3): photograph, masks, drawn geometry.

        The channels of the masks are skin, hair and features (brows, eyes, glasses, mouth), each 0 or 255.
        """
        digests = sorted(self.digests().items())
        what = (VERSION, photos.digest, photos.images.shape, digests, Geometry())
        made = kept_arrays(self.cache, "guides", what, lambda: {"guides": self._make(photos.images)})["guides"]
        return ImageSet(np.concatenate([photos.images[:, None], made], 1), photos.source, photos.digest)

    def _make(self, images: pixels.Image) -> pixels.Image:
        with ThreadPoolExecutor(2) as pool:
            parts = pool.map(self._chunk, (images[i : i + CHUNK] for i in range(0, len(images), CHUNK)))
            return np.concatenate(list(parts))

    def _chunk(self, images: pixels.Image) -> pixels.Image:
        segments, mesh = FaceSegments(self.segments), FaceMesh(self.landmarks)
        return np.stack(list(_guides(images, segments, mesh)))


def _guides(images: pixels.Image, segments: FaceSegments, mesh: FaceMesh) -> Iterator[pixels.Image]:
    for image in images:
        drawn = draw(image, mesh.find(image), Geometry())
        yield np.stack([masks(segments.labels(image)), drawn])


def masks(labels: Labels) -> NDArray[np.uint8]:
    """Classes, int64 (side, side), to masks of skin, hair and features, uint8 (side, side, 3) of 0 and 255.

    Features grow, because a cartoon's eyes reach over the skin around them. Skin and hair shrink, because the colours
    on their border are mixed.
    """
    side = labels.shape[0]
    features = _grown(np.isin(labels, FEATURES), 0.02 * side)
    eyes = _grown(np.isin(labels, (4, 5)), 0.05 * side)
    features = np.maximum(features, eyes)
    skin = _grown(np.isin(labels, SKIN), -0.015 * side) & ~features & 1
    hair = _grown(np.isin(labels, HAIR), -0.015 * side) & ~features & 1
    return np.stack([skin, hair, features], -1) * np.uint8(255)


def _grown(mask: NDArray[np.bool_], radius_px: float) -> NDArray[np.uint8]:
    size = 2 * max(round(abs(radius_px)), 1) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return (cv2.dilate if radius_px > 0 else cv2.erode)(mask.astype(np.uint8), disc)


def file_digest(path: Path) -> str:
    """SHA-256 of a file. Raises InputError when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
