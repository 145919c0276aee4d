"""Makes training crops for the tracker. Each shows a face that was moved, scaled and tilted by a known amount.

Tight pictures are pasted on backgrounds, or their borders are mirrored. Otherwise the border of a picture would show
where its face is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.faces.tracker import OUTPUTS
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.training.face_tracker.face_labels import Float, Known, Labelled

SIZE_PX = 64
FRAMING = Framing(face_height=0.55, face_centre_y=0.5)
# Factors of the network's outputs, in the order of TrackerSpec; the last is the factor of the logit.
SCALES = np.array([0.5, 0.5, 0.4, 0.5, 1.0, *[1.0] * 10, 8.0], np.float32)
NEGATIVES, WIDE = 0.35, 0.4  # share of crops without a face, share of crops from wide pictures
SCALE_ERROR, SHIFT_ERROR, ROLL_ERROR_DEG = 0.35, 0.18, 25.0  # shifts in shares of the crop
MIRRORED = np.array([1, 0, 2, 4, 3])  # order of the landmarks in a mirrored picture


@dataclass(frozen=True)
class Crops:
    """Draws training crops from tight and wide pictures."""

    tight: Labelled
    wide: Labelled

    def batch(self, count: int, random: np.random.Generator) -> tuple[Float, Float]:
        """Draw crops (count, 64, 64, 3), float32 -1..1, and scaled targets (count, 16).

        The last target is 1 for a face and 0 for a crop without one.
        """
        kinds = [self._negative if random.random() < NEGATIVES else self._positive for _ in range(count)]
        crops, targets = map(np.stack, zip(*(kind(random) for kind in kinds), strict=True))
        return _jitter(crops, random), targets

    def _positive(self, random: np.random.Generator) -> tuple[pixels.Image, Float]:
        source = self.wide if random.random() < WIDE else self.tight
        row = int(random.integers(len(source.images)))
        matrix = _perturbed(source.faces[row][0].face, random, random.uniform(0.3, 1.0))
        crop = self._cut(source, row, matrix, random)
        if random.random() < 0.2:  # hide a part of the face
            top, left = random.integers(0, 56, 2)
            patch = crop[top : top + random.integers(8, 28), left : left + random.integers(8, 28)]
            patch[:] = _texture(random)[: patch.shape[0], : patch.shape[1]]
        return crop, _target(source.faces[row][0], matrix)

    def _negative(self, random: np.random.Generator) -> tuple[pixels.Image, Float]:
        kind = random.random()
        crop = self._faceless(self.wide if kind < 0.7 else self.tight, random) if kind < 0.85 else _texture(random)
        if kind > 0.92:  # the parts of a face in the wrong order
            row = random.integers(len(self.tight.images))
            whole = pixels.warp(self.tight.images[row], _perturbed(self.tight.faces[row][0].face, random, 1.0), SIZE_PX)
            tiles = whole.reshape(4, 16, 4, 16, 3).swapaxes(1, 2).reshape(16, 16, 16, 3)
            crop = random.permutation(tiles).reshape(4, 4, 16, 16, 3).swapaxes(1, 2).reshape(whole.shape)
        return crop, np.zeros(OUTPUTS, np.float32)

    def _faceless(self, source: Labelled, random: np.random.Generator) -> pixels.Image:
        """Cut a crop that shows no face, or shows one much too large or too small."""
        row, side = int(random.integers(len(source.images))), source.images.shape[1]
        for _ in range(8):
            height = side * float(np.exp(random.uniform(np.log(0.1), np.log(0.9))))
            place = Face(random.uniform(0, side), random.uniform(0, side), height, random.uniform(-40, 40))
            if not any(_sees(place, known.face) for known in source.faces[row]):
                return self._cut(source, row, FRAMING.crop_matrix(place, SIZE_PX), random)
        return _texture(random)

    def _cut(self, source: Labelled, row: int, matrix: Float, random: np.random.Generator) -> pixels.Image:
        """Cut the crop. Outside the picture it shows the border, the mirror image, another picture or texture."""
        image, side, kind = source.images[row], source.images.shape[1], random.random()
        if kind < 0.2 or (source is self.wide and kind < 0.75):
            return pixels.warp(image, matrix, SIZE_PX)
        if kind < 0.4:
            border = side // 2
            image = np.pad(image, ((border, border), (border, border), (0, 0)), mode="reflect")
            return pixels.warp(image, matrix + np.array([0, 0, border], np.float32), SIZE_PX)
        edge = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) * 255 / random.uniform(1, 14), 0, 255)
        mask = np.repeat(np.minimum(edge[:, None], edge)[:, :, None], 3, 2).astype(np.uint8)
        alpha = pixels.warp(mask, matrix, SIZE_PX) / np.float32(255)
        behind = self._faceless(self.wide, random) if kind < 0.85 else _texture(random)
        return (alpha * pixels.warp(image, matrix, SIZE_PX) + (1 - alpha) * behind).astype(np.uint8)


def _sees(place: Face, face: Face) -> bool:
    """Whether the crop at `place` shows `face` well enough, or almost well enough, to track it."""
    away = np.hypot(face.centre_x_px - place.centre_x_px, face.centre_y_px - place.centre_y_px) / place.height_px
    return bool(away < 0.6 / FRAMING.face_height and 0.35 < face.height_px / place.height_px < 2.8)


def _perturbed(face: Face, random: np.random.Generator, strength: float) -> Float:
    """Return the crop matrix (2, 3) of a randomly misplaced face, perhaps mirrored, slightly narrowed or widened."""
    height = face.height_px * float(np.exp(random.uniform(-1, 1) * strength * np.log1p(SCALE_ERROR)))
    roll = face.roll_deg + float(random.uniform(-ROLL_ERROR_DEG, ROLL_ERROR_DEG)) * strength
    shift = random.uniform(-SHIFT_ERROR, SHIFT_ERROR, 2) * strength * height / FRAMING.face_height
    rigid = FRAMING.crop_matrix(Face(0, 0, height, roll), SIZE_PX)[:, :2]
    turn = FRAMING.crop_matrix(Face(0, 0, SIZE_PX * FRAMING.face_height, face.roll_deg), SIZE_PX)[:, :2]
    linear = turn @ np.diag([random.uniform(0.88, 1.14), 1]) @ turn.T @ rigid @ np.diag([random.choice((-1, 1)), 1])
    offset = np.add(shift, (face.centre_x_px, face.centre_y_px)) - linear.sum(1) * (SIZE_PX - 1) / 2
    return np.column_stack([linear, offset]).astype(np.float32)


def _target(known: Known, matrix: Float) -> Float:
    """Return the target (16,) of a crop, in the scale of the network's outputs."""
    inverse = np.linalg.inv(matrix[:, :2].astype(np.float64))
    sign = np.sign(np.linalg.det(inverse))  # -1 in a mirror
    landmarks = known.landmarks[MIRRORED] if sign < 0 else known.landmarks
    points = np.vstack([[known.face.centre_x_px, known.face.centre_y_px], landmarks])
    units = ((points - matrix[:, 2]) @ inverse.T + 0.5) * 2 / SIZE_PX - 1
    roll = np.radians(known.face.roll_deg)
    across = inverse @ (np.cos(roll), np.sin(roll)) * sign
    height = np.hypot(*(inverse @ (-np.sin(roll), np.cos(roll)))) * known.face.height_px
    log_height = np.log(height / SIZE_PX / FRAMING.face_height)
    values = [*units[0], log_height, *(across[::-1] / np.hypot(*across)), *units[1:].ravel(), SCALES[-1]]
    return np.array(values, np.float32) / SCALES


def _texture(random: np.random.Generator) -> pixels.Image:
    """Draw smooth or rough noise, uint8 (64, 64, 3), around a random colour, often a skin colour."""
    skin = random.uniform(40, 240) * np.array([1.0, random.uniform(0.6, 0.85), random.uniform(0.4, 0.8)])
    colour = skin if random.random() < 0.5 else random.uniform(0, 255, 3)
    cells = int(random.choice((2, 4, 8, 16, 32, 64)))
    noise = random.normal(colour, random.choice((2, 15, 60)), (cells, cells, 3))
    return pixels.resize(np.clip(noise, 0, 255).astype(np.uint8), SIZE_PX, SIZE_PX)


def _jitter(crops: pixels.Image, random: np.random.Generator) -> Float:
    """Change blur, greyness, contrast, colour, brightness and noise of uint8 crops at random; float32 -1..1."""
    for index in np.flatnonzero(random.random(len(crops)) < 0.25):
        small = int(random.integers(16, 56)), int(random.integers(16, 56))
        crops[index] = pixels.resize(pixels.resize(crops[index], *small), SIZE_PX, SIZE_PX)
    values, one, three = pixels.to_unit(crops), (len(crops), 1, 1, 1), (len(crops), 1, 1, 3)
    values = np.where(random.random(one) < 0.1, values.mean(-1, keepdims=True), values)
    values *= (random.uniform(0.5, 1.3, one) * random.uniform(0.8, 1.2, three)).astype(np.float32)
    values += (random.uniform(-0.4, 0.4, one) + random.uniform(-0.08, 0.08, three)).astype(np.float32)
    values += random.standard_normal(values.shape, np.float32) * (random.random(one) ** 3 * 0.15).astype(np.float32)
    return pixels.to_unit(pixels.from_unit(values))
