"""Trains the face tracker and writes its model file.

The network learns to undo a perturbation: it sees a crop around a face that was moved, scaled and tilted by a known
amount, and predicts where the face is in that crop.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.faces.tracker import FaceTracker, TrackerSpec
from facetoon.edge_runtime.spec import write_model
from facetoon.training.face_tracker.face_labels import Float, label
from facetoon.training.face_tracker.perturbed_crops import FRAMING, SCALES, SIZE_PX, Crops
from facetoon.training.face_tracker.tracker_network import build_tracker, loss
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.images import load_split

TIGHT_PX, WIDE_PX = 128, 250
BATCH, CALIBRATION_CROPS, TEST_CROPS, TEST_SHARE = 96, 400, 2000, 0.1
LICENCE = "research and non-commercial use, as the photographs it was trained on"


def fit(crops: Crops, steps: int, seed: int) -> keras.Model:
    """Train a network. The same seed gives the same batches."""
    keras.utils.set_random_seed(seed)
    net = build_tracker()
    warm_up = min(100, steps // 10 + 1)
    rate = keras.optimizers.schedules.CosineDecay(1e-4, steps - warm_up, warmup_target=3e-3, warmup_steps=warm_up)
    net.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4), loss)
    batches = (crops.batch(BATCH, np.random.default_rng((seed, step))) for step in range(steps + 1))
    net.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)
    return net


def convert(net: keras.Model, samples: Float | None) -> bytes:
    """Convert the network to TFLite: int8, calibrated on crops (n, 64, 64, 3), float32 -1..1; None: float16 weights."""
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


def errors(answers: Float, targets: Float) -> dict[str, float]:
    """Return mean errors of unscaled `answers` (n, 16) to scaled `targets` (n, 16).

    Errors of centre, height and landmarks are in % of the face's height, the error of the roll is in degrees. For the
    logit it gives the accuracy and the area under the ROC curve.
    """
    is_face, truth = targets[:, -1] > 0, targets * SCALES
    off, log_height = (answers - truth)[is_face], truth[is_face, 2]
    points = np.hypot(off[:, [0, 5, 7, 9, 11, 13]], off[:, [1, 6, 8, 10, 12, 14]])
    points /= (np.exp(log_height) * FRAMING.face_height * 2)[:, np.newaxis]  # 2: crops run from -1 to 1
    rolls = [np.degrees(np.arctan2(values[is_face, 3], values[is_face, 4])) for values in (answers, truth)]
    return {
        "centre_percent": float(points[:, 0].mean() * 100),
        "height_percent": float(np.abs(np.expm1(off[:, 2])).mean() * 100),
        "roll_deg": float(np.abs(rolls[0] - rolls[1]).mean()),
        "landmarks_percent": float(points[:, 1:].mean() * 100),
        "accuracy": float(((answers[:, -1] > 0) == is_face).mean()),
        "auc": float((answers[is_face, -1][:, np.newaxis] > answers[~is_face, -1]).mean()),
    }


def train_tracker(
    photos: Sequence[DataSource],
    wide_photos: Sequence[DataSource],
    detector: Path,
    out: Path,
    steps: int,
    seed: int,
) -> dict[str, float]:
    """Train a tracker on tight and wide photographs, write it to `out` and return its held-out errors.

    `detector` is a YuNet ONNX file, which labels the faces. The model is int8. If an error of the int8 model is more
    than 15 % larger than the float network's, the weights are float16 instead. Raises InputError for unusable sources.
    """
    tight, wide = load_split(photos, TIGHT_PX, TEST_SHARE), load_split(wide_photos, WIDE_PX, TEST_SHARE)
    train, test = (Crops(label(tight[i], detector, 0.5), label(wide[i], detector, 0.1)) for i in (0, 1))
    net = fit(train, steps, seed)
    samples, _ = train.batch(CALIBRATION_CROPS, np.random.default_rng((seed, steps)))
    test_set = test.batch(TEST_CROPS, np.random.default_rng(seed))
    names = tuple(Path(source.path).name for source in (*photos, *wide_photos))
    calibration = {"crops": CALIBRATION_CROPS, "tight_sha256": tight[0].digest, "wide_sha256": wide[0].digest}
    scales = tuple(map(float, SCALES))
    spec = TrackerSpec("face-tracker", "static_wi8_ai8", FRAMING, scales, {}, calibration, names, LICENCE)
    in_float = errors(net.predict(test_set[0], verbose=0) * SCALES, test_set[1])
    scores = _write(out, convert(net, samples), spec, *test_set)
    if any(scores[name] > 1.15 * in_float[name] for name in ("centre_percent", "height_percent", "roll_deg")):
        scores = _write(out, convert(net, None), replace(spec, recipe="weight_only_wf16"), *test_set)
    return scores | {f"float_{name}": value for name, value in in_float.items()}


def _write(out: Path, model: bytes, spec: TrackerSpec, crops: Float, targets: Float) -> dict[str, float]:
    """Write the file, measure its errors with the shipped runtime, and write it again with these scores."""
    write_model(out, model, spec)
    tracker = FaceTracker(out)
    scores = errors(np.stack([tracker.look(crop) for crop in pixels.from_unit(crops)]), targets)
    write_model(out, model, replace(spec, scores=scores))
    return scores
