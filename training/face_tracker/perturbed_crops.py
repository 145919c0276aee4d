"""Makes training crops for the tracker. Each shows a face that was moved, scaled and tilted by a known amount.

Tight pictures are pasted on backgrounds, or their borders are mirrored. Otherwise the border of a picture would show
where its face is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.faces.tracker import OUTPUTS
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.training.face_tracker.face_labels import Float, Known, Labelled, sees

SIZE_PX = 64
FRAMING = Framing(face_height=0.55, face_centre_y=0.5)
# Factors of the network's outputs, in the order of TrackerSpec; the last is the factor of the logit.
SCALES = np.array([0.5, 0.5, 0.4, 0.5, 0.5, *[0.5] * 10, 8.0], np.float32)
NEGATIVES, WIDE = 0.4, 0.45  # share of crops without a face, share of crops from wide pictures
SCALE_ERROR, SHIFT_ERROR, ROLL_ERROR_DEG = 0.35, 0.18, 45.0  # shifts in shares of the crop
TURNED, OFTENER = 0.3, 4.0  # a face whose nose is this far from the eyes' middle comes 1 + 4 times as often
MIRRORED = np.array([1, 0, 2, 4, 3])  # order of the landmarks in a mirrored picture
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Crops:
    """Draws training crops from tight and wide pictures."""

    tight: Labelled
    wide: Labelled

    def draw(self, count: int, random: np.random.Generator) -> tuple[pixels.Image, Float]:
        """Draw crops, uint8 (count, 64, 64, 3), and scaled targets (count, 16).

        The last target is 1 for a face and 0 for a crop without one.
        """
        kinds = [self._negative if random.random() < NEGATIVES else self._positive for _ in range(count)]
        crops, targets = map(np.stack, zip(*(kind(random) for kind in kinds), strict=True))
        return crops, targets

    def backgrounds(self, count: int, random: np.random.Generator) -> pixels.Image:
        """Draw crops, uint8 (count, 64, 64, 3), of background and clothing of the wide pictures."""
        return np.stack([self._faceless(self.wide, random) for _ in range(count)])

    def _positive(self, random: np.random.Generator) -> tuple[pixels.Image, Float]:
        wide = random.random() < WIDE
        source, chances = (self.wide, self._chances[1]) if wide else (self.tight, self._chances[0])
        row, known = source.faces[int(np.searchsorted(chances, random.random()))]
        matrix = _perturbed(known.face, random, random.uniform(0.3, 1.0))
        crop = self._cut(source, row, matrix, random)
        if random.random() < 0.2:  # hide a part of the face
            top, left = random.integers(0, 56, 2)
            patch = crop[top : top + random.integers(8, 28), left : left + random.integers(8, 28)]
            patch[:] = _texture(random)[: patch.shape[0], : patch.shape[1]]
        return crop, _target(known, matrix)

    @cached_property
    def _chances(self) -> tuple[Float, Float]:
        """Cumulative chances of the tight and of the wide faces: turned heads are rare, so each comes oftener."""
        sums = []
        for source in (self.tight, self.wide):
            turns = np.array([abs(_turn(known.landmarks)) for _, known in source.faces])
            weights = 1 + OFTENER * np.minimum(turns / TURNED, 1)
            sums.append((np.cumsum(weights) / weights.sum()).astype(np.float32))
        return sums[0], sums[1]

    def _negative(self, random: np.random.Generator) -> tuple[pixels.Image, Float]:
        kind = random.random()
        if kind < 0.15:
            crop = self._alarm(self.wide if random.random() < 0.5 else self.tight, random)
        elif kind < 0.85:
            crop = self._faceless(self.wide if kind < 0.7 else self.tight, random)
        elif kind < 0.92:
            crop = _texture(random)
        else:  # the parts of a face in the wrong order
            row, known = self.tight.faces[random.integers(len(self.tight.faces))]
            whole = pixels.warp(self.tight.images[row], _perturbed(known.face, random, 1.0), SIZE_PX)
            tiles = whole.reshape(4, 16, 4, 16, 3).swapaxes(1, 2).reshape(16, 16, 16, 3)
            crop = random.permutation(tiles).reshape(4, 4, 16, 16, 3).swapaxes(1, 2).reshape(whole.shape)
        return crop, np.zeros(OUTPUTS, np.float32)

    def _alarm(self, source: Labelled, random: np.random.Generator) -> pixels.Image:
        """Cut a place that the cascade takes for a face, a little misplaced."""
        if not source.alarms:
            return _texture(random)
        row, place = source.alarms[random.integers(len(source.alarms))]
        return self._cut(source, row, _perturbed(place, random, random.uniform(0, 0.5)), random)

    def _faceless(self, source: Labelled, random: np.random.Generator) -> pixels.Image:
        """Cut a crop that shows no face, or shows one much too large or too small. Half of them are of clothing."""
        places, side = self._taken[source is self.wide], source.images.shape[1]
        row, below = int(random.integers(len(source.images))), random.random() < 0.5
        for _ in range(8):
            height = side * float(np.exp(random.uniform(np.log(0.1), np.log(0.9))))
            x, y = random.uniform(0, side), random.uniform(0, side)
            if below and places[row]:
                face = places[row][0]
                height = face.height_px * float(np.exp(random.uniform(np.log(0.25), np.log(1.2))))
                x = face.centre_x_px + random.uniform(-1, 1) * face.height_px
                y = face.centre_y_px + random.uniform(0.6, 1.3) * face.height_px
            place = Face(x, y, height, random.uniform(-40, 40))
            if not any(sees(place, face) for face in places[row]):
                return self._cut(source, row, FRAMING.crop_matrix(place, SIZE_PX), random)
        return _texture(random)

    @cached_property
    def _taken(self) -> tuple[list[list[Face]], list[list[Face]]]:
        """The places of faces by picture, of tight and of wide pictures."""
        return _by_picture(self.tight), _by_picture(self.wide)

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
        mask = pixels.warp(np.minimum(edge[:, None], edge).astype(np.uint8), matrix, SIZE_PX)
        alpha = np.repeat(mask[:, :, None] / np.float32(255), 3, 2)
        behind = self._faceless(self.wide, random) if kind < 0.85 else _texture(random)
        return (alpha * pixels.warp(image, matrix, SIZE_PX) + (1 - alpha) * behind).astype(np.uint8)


def _by_picture(source: Labelled) -> list[list[Face]]:
    places: list[list[Face]] = [[] for _ in source.images]
    for row, face in source.taken:
        places[row].append(face)
    return places


def _turn(landmarks: Float) -> float:
    """The nose's distance from the eyes' middle along the line between the eyes, in eye distances."""
    right, left, nose = landmarks[:3].astype(np.float64)
    across = left - right
    return float((nose - (right + left) / 2) @ across / (across @ across))


def jitter(crops: pixels.Image, random: np.random.Generator) -> Float:
    """Change blur, greyness, contrast, colour, brightness and noise of uint8 crops at random; float32 -1..1."""
    for index in np.flatnonzero(random.random(len(crops)) < 0.25):
        small = int(random.integers(16, 56)), int(random.integers(16, 56))
        crops[index] = pixels.resize(pixels.resize(crops[index], *small), SIZE_PX, SIZE_PX)
    values = pixels.to_unit(crops)
    for index in np.flatnonzero(random.random(len(crops)) < 0.1):
        values[index] = values[index].mean(-1, keepdims=True)
    one, three = (len(crops), 1, 1), (len(crops), 1, 3)
    gain = random.uniform(0.5, 1.3, one) * random.uniform(0.8, 1.2, three)
    offset = random.uniform(-0.4, 0.4, one) + random.uniform(-0.08, 0.08, three)
    lines = values.reshape(len(crops), SIZE_PX, -1)  # three values to a pixel: a long axis is fast
    lines *= np.tile(gain.astype(np.float32), SIZE_PX)
    lines += np.tile(offset.astype(np.float32), SIZE_PX)
    for index in np.flatnonzero(random.random(len(crops)) < 0.3):
        values[index] += random.standard_normal(values.shape[1:], np.float32) * np.float32(random.uniform(0, 0.15))
    return np.clip(values, -1, 1, out=values)


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
