"""The cartoons of a teacher network, made ready for a student of another size: crisp edges and the person's skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from facetoon.edge_runtime import pixels
from facetoon.training.drawn.flatten import from_lab, to_lab
from facetoon.training.guides.guide_networks import FaceSegments, Labels

BATCH = 32
CRISP_FROM = 1.5  # times the teacher's size; below, plain resampling is crisp enough
CRISPER = 2.0  # strength of the unsharp mask; its overshoot is cut, so it draws no halos

SKIN = (1, 7, 8, 10)
"""CelebAMask-HQ's skin, ears and nose."""
FACE = (*SKIN, 2, 3, 4, 5, 6, 11, 12, 13)
EYES = (4, 5)
LIGHTER = 6.0  # of L in Lab: a drawn face may be so much lighter than the person's
BLEACHED = 12.0  # of L beyond that: from there on the drawing takes the chroma of the person's skin too

Mask = NDArray[np.float32]


@dataclass(frozen=True)
class NetworkCartoons:
    """A teacher network, float32 (batch, n, n, 3) in -1..1 to the same. With `segments` the drawn skin is held."""

    teacher: Any
    segments: FaceSegments | None = None

    @property
    def size_px(self) -> int:
        """The side of the pictures that the teacher takes."""
        return int(self.teacher.input_shape[1])

    def draw(self, photos: pixels.Image) -> pixels.Image:
        """Return the cartoons of photographs, RGB uint8 (n, side, side, 3), in the same shape and dtype."""
        cartoons = np.empty_like(photos)
        for start in tqdm(range(0, len(photos), BATCH), desc="teacher", unit="batch", disable=None):
            rows = slice(start, start + BATCH)
            small = np.stack([pixels.square(photo, self.size_px) for photo in photos[rows]])
            answers = pixels.from_unit(np.asarray(self.teacher(pixels.to_unit(small), training=False)))
            cartoons[rows] = [self._finished(*pair) for pair in zip(photos[rows], answers, strict=True)]
        return cartoons

    def _finished(self, photo: pixels.Image, answer: pixels.Image) -> pixels.Image:
        cartoon = resized_crisp(answer, photo.shape[0])
        return cartoon if self.segments is None else with_held_skin(cartoon, photo, self.segments.labels(photo))


def resized_crisp(cartoon: pixels.Image, side_px: int) -> pixels.Image:
    """Resample RGB uint8 (n, n, 3) to (side_px, side_px, 3). Much enlarged edges are sharpened, without halos."""
    scale = side_px / cartoon.shape[0]
    plain = pixels.square(cartoon, side_px)
    if scale < CRISP_FROM:
        return plain
    large = cv2.resize(cartoon, (side_px, side_px), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    sharp = large + CRISPER * (large - cv2.GaussianBlur(large, (0, 0), scale))
    near = np.ones((2 * round(scale) + 1,) * 2, np.uint8)
    return np.rint(np.clip(sharp, cv2.erode(plain, near), cv2.dilate(plain, near))).astype(np.uint8)


def with_held_skin(cartoon: pixels.Image, photo: pixels.Image, labels: Labels) -> pixels.Image:
    """Darken a drawn face that is lighter than the person, and give it the person's colour.

    Cartoons of light people teach a CycleGAN to bleach everybody. All pictures are RGB uint8 (side, side, 3); `labels`
    are FaceSegments'. The eyes keep their whites, lines and hair keep their colours, and a face that is not lighter
    than the photograph by LIGHTER stays as it is.
    """
    side = labels.shape[0]
    inside = cv2.erode(np.isin(labels, SKIN).astype(np.uint8), np.ones((round(side / 37),) * 2, np.uint8)) > 0
    if inside.mean() < 1 / 150:
        return cartoon
    skin, drawn = np.median(to_lab(photo)[inside], 0), to_lab(cartoon)
    where = _soft(np.isin(labels, FACE), side / 80) * (1 - _eyes(labels))
    colour = _blurred(drawn * where[..., None], side / 50) / (_blurred(where, side / 50)[..., None] + 1e-3)
    light = np.maximum(colour[..., 0], 1)
    excess = np.maximum(light - skin[0] - LIGHTER, 0)
    ink = np.minimum(drawn[..., 0] / light, 1)  # 0 in a black line, which has no chroma to be changed
    bleached = np.minimum(excess / BLEACHED, 1) * where * ink
    drawn[..., 1:] += bleached[..., None] * (skin[1:] - colour[..., 1:])
    drawn[..., 0] *= 1 - where * excess / light
    rgb: pixels.Image = np.rint(from_lab(drawn) * 255).astype(np.uint8)
    return rgb


def _eyes(labels: Labels) -> Mask:
    """Mark the eyes with the room that drawn ones take: the size at which the whites of anime eyes stayed white."""
    wide, tall = round(0.09 * labels.shape[0]) | 1, round(0.11 * labels.shape[0]) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, tall))
    return _soft(cv2.dilate(np.isin(labels, EYES).astype(np.uint8), disc), labels.shape[0] / 100)


def _soft(mask: NDArray[Any], deviation_px: float) -> Mask:
    return _blurred(mask.astype(np.float32), deviation_px)


def _blurred(values: Mask, deviation_px: float) -> Mask:
    return cv2.GaussianBlur(values, (0, 0), deviation_px).astype(np.float32, copy=False)
