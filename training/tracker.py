"""The face tracker: labels from a detector, perturbed crops as training data, a small int8-friendly network.

The network learns to undo a perturbation: it is shown a crop around a face that was moved, scaled and tilted by a
known amount, and says where in that crop the face is. Faces in tight pictures are pasted on backgrounds, or their
borders mirrored, so that the border of the picture tells nothing.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from edge_runtime import pixels
from edge_runtime.errors import InputError
from edge_runtime.framing import Face, Framing
from edge_runtime.spec import write_model
from edge_runtime.tracker import OUTPUTS, FaceTracker, TrackerSpec
from training.images import ImageSet, load_split

SIZE_PX = 64
FRAMING = Framing(face_height=0.55, face_centre_y=0.5)
# Of the outputs (see TrackerSpec), and their weights in the loss but for the logit.
SCALES = np.array([0.5, 0.5, 0.4, 0.5, 1.0, *[1.0] * 10, 8.0], np.float32)
WEIGHTS = np.array([2.0, 2.0, 1.5, 1.5, 0.2, *[0.3] * 10], np.float32)
DETECTOR_PX = 320
TIGHT_PX, WIDE_PX = 128, 250
TEST_SHARE = 0.1
BATCH = 96
NEGATIVES, WIDE = 0.35, 0.4  # shares of the crops
SCALE_ERROR, SHIFT_ERROR, ROLL_ERROR_DEG = 0.35, 0.18, 25.0  # shifts in shares of the crop
MIRRORED = np.array([1, 0, 2, 4, 3])  # where each landmark goes in a mirror

Random = np.random.Generator


@dataclass(frozen=True)
class Known:
    """A face in a picture, labelled by the detector; `landmarks` (5, 2) in pixels, in Tracked's order."""

    face: Face
    landmarks: NDArray[np.float32]


@dataclass(frozen=True)
class Labelled:
    """Pictures (n, side, side, 3) RGB uint8 and the faces of each, largest first; pictures without any are left out."""

    images: pixels.Image
    faces: list[list[Known]]


def label(images: ImageSet, detector: Path, margin: float) -> Labelled:
    """Find the faces; `margin` is the share of the side by which the replicated border is widened on each side.

    Each face is measured a second time at zero roll, because a detector's box grows with the tilt.
    """
    net = cv2.FaceDetectorYN.create(str(detector), "", (DETECTOR_PX, DETECTOR_PX), 0.5)
    middle = (images.images.shape[1] - 1) / 2
    whole = Face(middle, middle, float(images.images.shape[1]))
    kept, faces = [], []
    for row, image in enumerate(images.images):
        rough = _detect(net, image, whole, Framing(1 / (1 + 2 * margin), 0.5))
        level = [next(iter(_detect(net, image, known.face, Framing(0.4, 0.5))), None) for known in rough[:3]]
        found = [known for known in level if known]
        if found:
            kept.append(row)
            faces.append(found)
    if not kept:
        raise InputError("The detector found no face in any picture.")
    return Labelled(images.images[kept], faces)


def _detect(net: Any, image: pixels.Image, around: Face, framing: Framing) -> list[Known]:
    """Faces in the detector's crop around a place, the one nearest to its middle first."""
    matrix = framing.crop_matrix(around, DETECTOR_PX)
    rows = net.detect(pixels.swap_red_blue(pixels.warp(image, matrix, DETECTOR_PX)))[1]
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    found = []
    for box in rows if rows is not None else ():
        centre = box[:2] + box[2:4] / 2
        points = np.vstack([centre, box[4:14].reshape(5, 2)]) @ matrix[:, :2].T + matrix[:, 2]
        eyes = points[2] - points[1]
        roll = float(np.degrees(np.arctan2(eyes[1], eyes[0])))
        face = Face(float(points[0, 0]), float(points[0, 1]), float(box[3]) * scale, roll)
        found.append((float(np.abs(centre - DETECTOR_PX / 2).max()), Known(face, points[1:].astype(np.float32))))
    return [known for _, known in sorted(found, key=lambda item: item[0])]


@dataclass(frozen=True)
class Crops:
    """Draws training crops from tight and wide pictures."""

    tight: Labelled
    wide: Labelled

    def batch(self, count: int, random: Random) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Crops (count, 64, 64, 3) -1..1, and targets (count, 16): scaled outputs, the last 1 for a face or 0."""
        pairs = [self._negative(random) if random.random() < NEGATIVES else self._positive(random) for _ in range(count)]
        return _jitter(np.stack([crop for crop, _ in pairs]), random), np.stack([target for _, target in pairs])

    def _positive(self, random: Random) -> tuple[pixels.Image, NDArray[np.float32]]:
        source = self.wide if random.random() < WIDE else self.tight
        row = random.integers(len(source.images))
        known = source.faces[row][0]
        matrix = _perturbed(known.face, random, random.choice((0.3, 1.0)))
        crop = self._cut(source, row, matrix, random)
        if random.random() < 0.2:
            top, left = random.integers(-16, 56, 2)
            height, width = random.integers(8, 28, 2)
            patch = crop[max(top, 0) : top + height, max(left, 0) : left + width]
            patch[:] = _texture(random)[: patch.shape[0], : patch.shape[1]]
        return crop, _target(known, matrix)

    def _negative(self, random: Random) -> tuple[pixels.Image, NDArray[np.float32]]:
        kind = random.random()
        if kind < 0.65:
            crop = self._faceless(self.wide, random)
        elif kind < 0.8:
            crop = self._faceless(self.tight, random)
        elif kind < 0.9:
            crop = _texture(random)
        else:  # the parts of a face in the wrong order
            row = random.integers(len(self.tight.images))
            whole = pixels.warp(self.tight.images[row], _perturbed(self.tight.faces[row][0].face, random, 1.0), SIZE_PX)
            tiles = whole.reshape(4, 16, 4, 16, 3).swapaxes(1, 2).reshape(16, 16, 16, 3)
            crop = random.permutation(tiles).reshape(4, 4, 16, 16, 3).swapaxes(1, 2).reshape(whole.shape)
        return crop, np.zeros(OUTPUTS, np.float32)

    def _faceless(self, source: Labelled, random: Random) -> pixels.Image:
        """A crop from a picture, away from its faces or of quite another size."""
        row = random.integers(len(source.images))
        side = source.images.shape[1]
        for _ in range(8):
            height = side * float(np.exp(random.uniform(np.log(0.1), np.log(0.9))))
            place = Face(*map(float, random.uniform(0, side, 2)), height, float(random.uniform(-40, 40)))
            if not any(_sees(place, known.face) for known in source.faces[row]):
                return self._cut(source, row, FRAMING.crop_matrix(place, SIZE_PX), random)
        return _texture(random)

    def _cut(self, source: Labelled, row: int, matrix: NDArray[np.float32], random: Random) -> pixels.Image:
        """The crop; what a picture does not show is border, mirror, another picture or texture."""
        image, side = source.images[row], source.images.shape[1]
        kind = random.random()
        if kind < 0.2 or (source is self.wide and kind < 0.75):
            return pixels.warp(image, matrix, SIZE_PX)
        if kind < 0.4:
            shifted = matrix + np.float32([[0, 0, side // 2]])
            return pixels.warp(np.pad(image, ((side // 2,) * 2,) * 2 + ((0, 0),), mode="reflect"), shifted, SIZE_PX)
        soft_px = random.uniform(1, 14)
        edge = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) * 255 / soft_px, 0, 255)
        mask = np.repeat(np.minimum(edge[:, None], edge)[:, :, None], 3, 2).astype(np.uint8)
        alpha = pixels.warp(mask, matrix, SIZE_PX) / np.float32(255)
        behind = self._faceless(self.wide, random) if kind < 0.85 else _texture(random)
        return (alpha * pixels.warp(image, matrix, SIZE_PX) + (1 - alpha) * behind).astype(np.uint8)


def _sees(place: Face, face: Face) -> bool:
    """Whether the crop at `place` shows `face` well enough to be tracked, or nearly so."""
    side = place.height_px / FRAMING.face_height
    away = np.hypot(face.centre_x_px - place.centre_x_px, face.centre_y_px - place.centre_y_px)
    return bool(away < 0.6 * side and 0.35 < face.height_px / place.height_px < 2.8)


def _perturbed(face: Face, random: Random, strength: float) -> NDArray[np.float32]:
    """The crop matrix of a face misplaced at random, perhaps mirrored, a little narrowed or widened."""
    height = face.height_px * float(np.exp(random.uniform(-1, 1) * strength * np.log1p(SCALE_ERROR)))
    roll = face.roll_deg + float(random.uniform(-ROLL_ERROR_DEG, ROLL_ERROR_DEG)) * strength
    shift = random.uniform(-SHIFT_ERROR, SHIFT_ERROR, 2) * strength * height / FRAMING.face_height
    matrix = FRAMING.crop_matrix(Face(face.centre_x_px, face.centre_y_px, height, roll), SIZE_PX)
    along = np.radians(face.roll_deg)
    turn = np.array([[np.cos(along), -np.sin(along)], [np.sin(along), np.cos(along)]])
    linear = turn @ np.diag([random.uniform(0.88, 1.14), 1]) @ turn.T @ matrix[:, :2]
    linear[:, 0] *= random.choice((-1, 1))
    centre = np.array([face.centre_x_px, face.centre_y_px]) + shift
    return np.column_stack([linear, centre - linear.sum(1) * (SIZE_PX - 1) / 2]).astype(np.float32)


def _target(known: Known, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network should answer (16,) for a crop, in its own scale."""
    face, linear = known.face, matrix[:, :2].astype(np.float64)
    inverse = np.linalg.inv(linear)
    mirrored = np.linalg.det(linear) < 0
    points = np.vstack([[face.centre_x_px, face.centre_y_px], known.landmarks[MIRRORED if mirrored else slice(None)]])
    units = ((points - matrix[:, 2]) @ inverse.T + 0.5) * 2 / SIZE_PX - 1
    roll = np.radians(face.roll_deg)
    across = inverse @ (np.cos(roll), np.sin(roll)) * (-1 if mirrored else 1)
    down = inverse @ (-np.sin(roll), np.cos(roll)) * face.height_px
    log_height = np.log(np.hypot(*down) / SIZE_PX / FRAMING.face_height)
    values = [*units[0], log_height, *(across[::-1] / np.hypot(*across)), *units[1:].ravel(), SCALES[-1]]
    return np.array(values, np.float32) / SCALES


def _texture(random: Random) -> pixels.Image:
    """(64, 64, 3) of smooth or rough noise around a colour; every other one is coloured like skin."""
    colour = random.uniform(0, 255, 3)
    if random.random() < 0.5:
        colour = random.uniform(40, 240) * np.array([1.0, random.uniform(0.6, 0.85), random.uniform(0.4, 0.8)])
    cells = int(random.choice((2, 4, 8, 16, 32, 64)))
    noise = random.normal(colour, random.choice((2, 15, 60)), (cells, cells, 3))
    return pixels.resize(np.clip(noise, 0, 255).astype(np.uint8), SIZE_PX, SIZE_PX)


def _jitter(crops: pixels.Image, random: Random) -> NDArray[np.float32]:
    """Brightness, contrast, colour, grey, blur and noise at random; uint8 in, -1..1 out."""
    for index in np.flatnonzero(random.random(len(crops)) < 0.25):
        small = int(random.integers(16, 56)), int(random.integers(16, 56))
        crops[index] = pixels.resize(pixels.resize(crops[index], *small), SIZE_PX, SIZE_PX)
    values, count = pixels.to_unit(crops), len(crops)
    grey = random.random((count, 1, 1, 1)) < 0.1
    values = np.where(grey, values.mean(-1, keepdims=True), values)
    gain = random.uniform(0.5, 1.3, (count, 1, 1, 1)) * random.uniform(0.8, 1.2, (count, 1, 1, 3))
    shift = random.uniform(-0.4, 0.4, (count, 1, 1, 1)) + random.uniform(-0.08, 0.08, (count, 1, 1, 3))
    noise = random.standard_normal(values.shape, np.float32)
    noise *= (random.random((count, 1, 1, 1)) ** 3 * 0.15).astype(np.float32)
    noise += values * gain.astype(np.float32) + shift.astype(np.float32)
    return pixels.to_unit(pixels.from_unit(noise))


def build_tracker() -> keras.Model:
    """The network: (batch, 64, 64, 3) float -1..1 to (batch, 16) scaled outputs; 7 million multiplications."""
    inputs = keras.Input((SIZE_PX, SIZE_PX, 3), name="image")
    x = _conv(_conv(inputs, 16, 3, 2), 48, 3, 2)
    x = x + _separable(x, 48, 1, relu=False)
    for filters in (96, 128):
        x = _separable(x, filters, 2)
        for _ in range(3):
            x = x + _separable(x, filters, 1, relu=False)
    x = layers.Flatten()(_conv(x, 32, 1, 1))
    x = layers.ReLU(6.0)(layers.Dense(96)(x))
    return keras.Model(inputs, layers.Dense(OUTPUTS, name="outputs")(x), name="face_tracker")


def _separable(x: Any, filters: int, stride: int, relu: bool = True) -> Any:
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x)
    return _conv(layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.97)(x)), filters, 1, 1, relu)


def _conv(x: Any, filters: int, kernel: int, stride: int, relu: bool = True) -> Any:
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.97)(x)
    return layers.ReLU(6.0)(x) if relu else x


def loss(targets: Any, outputs: Any) -> Any:
    """(batch,): weighted absolute error, rounded at zero, where there is a face; plus the logit's cross-entropy."""
    is_face = targets[:, -1]
    distance = ops.sqrt(ops.square(targets[:, :-1] - outputs[:, :-1]) + 1e-4) - 1e-2
    logit = outputs[:, -1] * float(SCALES[-1])
    doubt = ops.softplus(logit) - is_face * logit
    return is_face * ops.sum(distance * WEIGHTS, axis=1) + 0.5 * doubt


class _Batches(keras.utils.PyDataset):
    """Batch by step: the same for the same seed; made in a background thread."""

    def __init__(self, crops: Crops, steps: int, seed: int) -> None:
        super().__init__(workers=1, max_queue_size=8)
        self.crops, self.steps, self.seed = crops, steps, seed

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self.crops.batch(BATCH, np.random.default_rng((self.seed, step)))


def fit(crops: Crops, steps: int, seed: int) -> keras.Model:
    """A trained network."""
    keras.utils.set_random_seed(seed)
    net = build_tracker()
    warm_up = min(100, steps // 10 + 1)
    rate = keras.optimizers.schedules.CosineDecay(1e-4, steps - warm_up, warmup_target=3e-3, warmup_steps=warm_up)
    net.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4), loss)
    net.fit(_Batches(crops, steps, seed), epochs=1, shuffle=False, verbose=0)
    return net
