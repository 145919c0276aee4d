"""The face tracker: labels from a detector, perturbed crops as training data, a small int8-friendly network.

The network learns to undo a perturbation: it is shown a crop around a face that was moved, scaled and tilted by a
known amount, and says where in that crop the face is. Faces in tight pictures are pasted on backgrounds, or their
borders mirrored, so that the border of the picture tells nothing.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.tracker import OUTPUTS, FaceTracker, TrackerSpec
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.spec import write_model
from facetoon.training.detectors.yunet import LEVEL, detect_around, open_yunet
from facetoon.training.pictures.images import ImageSet, load_split
from keras import layers, ops
from numpy.typing import NDArray

SIZE_PX, TIGHT_PX, WIDE_PX = 64, 128, 250
FRAMING = Framing(face_height=0.55, face_centre_y=0.5)
# Of the outputs (see TrackerSpec), and their weights in the loss but for the logit.
SCALES = np.array([0.5, 0.5, 0.4, 0.5, 1.0, *[1.0] * 10, 8.0], np.float32)
WEIGHTS = np.array([2.0, 2.0, 3.0, 3.0, 0.2, *[1.0] * 10], np.float32)
BATCH, CALIBRATION_CROPS, TEST_CROPS, TEST_SHARE = 96, 400, 2000, 0.1
NEGATIVES, WIDE = 0.35, 0.4  # shares of the crops without a face, and from wide pictures
SCALE_ERROR, SHIFT_ERROR, ROLL_ERROR_DEG = 0.35, 0.18, 25.0  # shifts in shares of the crop
MIRRORED = np.array([1, 0, 2, 4, 3])  # where each landmark goes in a mirror
LICENCE = "research and non-commercial use, as the photographs it was trained on"

Float = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """A face in a picture, labelled by the detector; `landmarks` (5, 2) in pixels, in Tracked's order."""

    face: Face
    landmarks: Float


@dataclass(frozen=True)
class Labelled:
    """Pictures (n, side, side, 3) RGB uint8 that show a face, and the faces of each, the most central first."""

    images: pixels.Image
    faces: list[list[Known]]


def label(images: ImageSet, detector: Path, margin: float) -> Labelled:
    """Find the faces; `margin` is the share of the side by which the replicated border is widened on each side.

    Each face is measured a second time at zero roll, because a detector's box grows with the tilt.
    """
    net = open_yunet(detector)
    middle, side = (images.images.shape[1] - 1) / 2, float(images.images.shape[1])
    found = []
    for image in images.images:
        frame = pixels.swap_red_blue(image)
        rough = detect_around(net, frame, Face(middle, middle, side), Framing(1 / (1 + 2 * margin), 0.5))
        looks = [one for r in rough[:3] for one in detect_around(net, frame, r.face, LEVEL)[:1]]
        found.append([Known(one.face, one.landmarks) for one in looks if one.landmarks is not None])
    kept = [row for row, faces in enumerate(found) if faces]
    if not kept:
        raise InputError("The detector found no face in any picture.")
    return Labelled(images.images[kept], [found[row] for row in kept])


@dataclass(frozen=True)
class Crops:
    """Draws training crops from tight and wide pictures."""

    tight: Labelled
    wide: Labelled

    def batch(self, count: int, random: np.random.Generator) -> tuple[Float, Float]:
        """Crops (count, 64, 64, 3) -1..1, and targets (count, 16): scaled outputs, the last 1 for a face or 0."""
        kinds = [self._negative if random.random() < NEGATIVES else self._positive for _ in range(count)]
        crops, targets = map(np.stack, zip(*(kind(random) for kind in kinds), strict=True))
        return _jitter(crops, random), targets

    def _positive(self, random: np.random.Generator) -> tuple[pixels.Image, Float]:
        source = self.wide if random.random() < WIDE else self.tight
        row = int(random.integers(len(source.images)))
        matrix = _perturbed(source.faces[row][0].face, random, random.uniform(0.3, 1.0))
        crop = self._cut(source, row, matrix, random)
        if random.random() < 0.2:  # something is in the way
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
        """A crop from a picture, away from its faces or of quite another size."""
        row, side = int(random.integers(len(source.images))), source.images.shape[1]
        for _ in range(8):
            height = side * float(np.exp(random.uniform(np.log(0.1), np.log(0.9))))
            place = Face(random.uniform(0, side), random.uniform(0, side), height, random.uniform(-40, 40))
            if not any(_sees(place, known.face) for known in source.faces[row]):
                return self._cut(source, row, FRAMING.crop_matrix(place, SIZE_PX), random)
        return _texture(random)

    def _cut(self, source: Labelled, row: int, matrix: Float, random: np.random.Generator) -> pixels.Image:
        """The crop; what a picture does not show is border, mirror, another picture or texture."""
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
    """Whether the crop at `place` shows `face` well enough to be tracked, or nearly so."""
    away = np.hypot(face.centre_x_px - place.centre_x_px, face.centre_y_px - place.centre_y_px) / place.height_px
    return bool(away < 0.6 / FRAMING.face_height and 0.35 < face.height_px / place.height_px < 2.8)


def _perturbed(face: Face, random: np.random.Generator, strength: float) -> Float:
    """The crop matrix of a face misplaced at random, perhaps mirrored, a little narrowed or widened."""
    height = face.height_px * float(np.exp(random.uniform(-1, 1) * strength * np.log1p(SCALE_ERROR)))
    roll = face.roll_deg + float(random.uniform(-ROLL_ERROR_DEG, ROLL_ERROR_DEG)) * strength
    shift = random.uniform(-SHIFT_ERROR, SHIFT_ERROR, 2) * strength * height / FRAMING.face_height
    rigid = FRAMING.crop_matrix(Face(0, 0, height, roll), SIZE_PX)[:, :2]
    turn = FRAMING.crop_matrix(Face(0, 0, SIZE_PX * FRAMING.face_height, face.roll_deg), SIZE_PX)[:, :2]
    linear = turn @ np.diag([random.uniform(0.88, 1.14), 1]) @ turn.T @ rigid @ np.diag([random.choice((-1, 1)), 1])
    offset = np.add(shift, (face.centre_x_px, face.centre_y_px)) - linear.sum(1) * (SIZE_PX - 1) / 2
    return np.column_stack([linear, offset]).astype(np.float32)


def _target(known: Known, matrix: Float) -> Float:
    """What the network should answer (16,) for a crop, in its own scale."""
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
    """(64, 64, 3) of smooth or rough noise around a colour, which is often that of skin."""
    skin = random.uniform(40, 240) * np.array([1.0, random.uniform(0.6, 0.85), random.uniform(0.4, 0.8)])
    colour = skin if random.random() < 0.5 else random.uniform(0, 255, 3)
    cells = int(random.choice((2, 4, 8, 16, 32, 64)))
    noise = random.normal(colour, random.choice((2, 15, 60)), (cells, cells, 3))
    return pixels.resize(np.clip(noise, 0, 255).astype(np.uint8), SIZE_PX, SIZE_PX)


def _jitter(crops: pixels.Image, random: np.random.Generator) -> Float:
    """Brightness, contrast, colour, grey, blur and noise at random; uint8 in, -1..1 out."""
    for index in np.flatnonzero(random.random(len(crops)) < 0.25):
        small = int(random.integers(16, 56)), int(random.integers(16, 56))
        crops[index] = pixels.resize(pixels.resize(crops[index], *small), SIZE_PX, SIZE_PX)
    values, one, three = pixels.to_unit(crops), (len(crops), 1, 1, 1), (len(crops), 1, 1, 3)
    values = np.where(random.random(one) < 0.1, values.mean(-1, keepdims=True), values)
    values *= (random.uniform(0.5, 1.3, one) * random.uniform(0.8, 1.2, three)).astype(np.float32)
    values += (random.uniform(-0.4, 0.4, one) + random.uniform(-0.08, 0.08, three)).astype(np.float32)
    values += random.standard_normal(values.shape, np.float32) * (random.random(one) ** 3 * 0.15).astype(np.float32)
    return pixels.to_unit(pixels.from_unit(values))


def build_tracker() -> keras.Model:
    """The network: (batch, 64, 64, 3) float -1..1 to (batch, 16) scaled outputs."""
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
    distance = ops.sqrt(ops.square(targets[:, :-1] - outputs[:, :-1]) + 1e-2) - 0.1
    logit = outputs[:, -1] * float(SCALES[-1])
    doubt = ops.softplus(logit) - targets[:, -1] * logit
    return targets[:, -1] * ops.sum(distance * WEIGHTS, axis=1) + 0.5 * doubt


def fit(crops: Crops, steps: int, seed: int) -> keras.Model:
    """A trained network; the same batches for the same seed."""
    keras.utils.set_random_seed(seed)
    net = build_tracker()
    warm_up = min(100, steps // 10 + 1)
    rate = keras.optimizers.schedules.CosineDecay(1e-4, steps - warm_up, warmup_target=3e-3, warmup_steps=warm_up)
    net.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4), loss)
    batches = (crops.batch(BATCH, np.random.default_rng((seed, step))) for step in range(steps + 1))
    net.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)
    return net


def convert(net: keras.Model, samples: Float | None) -> bytes:
    """The network as TFLite: int8 throughout, calibrated on crops (n, 64, 64, 3); or, for None, float16 weights."""
    import tensorflow as tf

    inputs = keras.Input(batch_shape=(1, SIZE_PX, SIZE_PX, 3), name="image")
    with tempfile.TemporaryDirectory() as folder:
        keras.Model(inputs, net(inputs)).export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if samples is None:
            converter.target_spec.supported_types = [tf.float16]
        else:
            converter.representative_dataset = lambda: ([sample[np.newaxis]] for sample in samples)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def errors(found: Float, targets: Float) -> dict[str, float]:
    """Mean errors of answers (n, 16), unscaled, to `targets`: centre, height and landmarks in % of the face's height.

    Also the roll in degrees, the logit's accuracy and the area under its ROC curve.
    """
    is_face, truth = targets[:, -1] > 0, targets * SCALES
    off, log_height = (found - truth)[is_face], truth[is_face, 2]
    points = np.hypot(off[:, [0, 5, 7, 9, 11, 13]], off[:, [1, 6, 8, 10, 12, 14]])
    points /= (np.exp(log_height) * FRAMING.face_height * 2)[:, np.newaxis]  # 2: crops run from -1 to 1
    rolls = [np.degrees(np.arctan2(values[is_face, 3], values[is_face, 4])) for values in (found, truth)]
    return {
        "centre_percent": float(points[:, 0].mean() * 100),
        "height_percent": float(np.abs(np.expm1(off[:, 2])).mean() * 100),
        "roll_deg": float(np.abs(rolls[0] - rolls[1]).mean()),
        "landmarks_percent": float(points[:, 1:].mean() * 100),
        "accuracy": float(((found[:, -1] > 0) == is_face).mean()),
        "auc": float((found[is_face, -1][:, np.newaxis] > found[~is_face, -1]).mean()),
    }


def train_tracker(
    photos: list[str], wide_photos: list[str], detector: Path, out: Path, steps: int, seed: int
) -> dict[str, float]:
    """Train a tracker on tight and wide photographs and write it to `out`; its held-out errors, and the float net's.

    `detector` is a YuNet ONNX file, which labels the faces. The file is int8 unless that makes
    an error more than 15 % larger; then its weights are float16. Raises InputError for unusable sources.
    """
    tight, wide = load_split(photos, TIGHT_PX, TEST_SHARE), load_split(wide_photos, WIDE_PX, TEST_SHARE)
    train, test = (Crops(label(tight[i], detector, 0.5), label(wide[i], detector, 0.1)) for i in (0, 1))
    net = fit(train, steps, seed)
    samples, _ = train.batch(CALIBRATION_CROPS, np.random.default_rng((seed, steps)))
    test_set = test.batch(TEST_CROPS, np.random.default_rng(seed))
    names = tuple(Path(source.partition("#")[0]).name for source in (*photos, *wide_photos))
    calibration = {"crops": CALIBRATION_CROPS, "tight_sha256": tight[0].digest, "wide_sha256": wide[0].digest}
    scales = tuple(map(float, SCALES))
    spec = TrackerSpec("face-tracker", "static_wi8_ai8", FRAMING, scales, {}, calibration, names, LICENCE)
    in_float = errors(net.predict(test_set[0], verbose=0) * SCALES, test_set[1])
    scores = _write(out, convert(net, samples), spec, *test_set)
    if any(scores[name] > 1.15 * in_float[name] for name in ("centre_percent", "height_percent", "roll_deg")):
        scores = _write(out, convert(net, None), replace(spec, recipe="weight_only_wf16"), *test_set)
    return scores | {f"float_{name}": value for name, value in in_float.items()}


def _write(out: Path, model: bytes, spec: TrackerSpec, crops: Float, targets: Float) -> dict[str, float]:
    """Write the file, and once more with the errors that the shipped runtime makes with it; returns these."""
    write_model(out, model, spec)
    tracker = FaceTracker(out)
    scores = errors(np.stack([tracker.look(crop) for crop in pixels.from_unit(crops)]), targets)
    write_model(out, model, replace(spec, scores=scores))
    return scores
