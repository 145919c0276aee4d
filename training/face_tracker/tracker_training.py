"""Trains the face tracker and writes its model file.

The network learns to undo a perturbation: it sees a crop around a face that was moved, scaled and tilted by a known
amount, and predicts where the face is in that crop.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.faces.tracker import OUTPUTS, FaceTracker, TrackerSpec
from facetoon.edge_runtime.spec import write_model
from facetoon.training.face_tracker.face_labels import Float, Labeller
from facetoon.training.face_tracker.perturbed_crops import FRAMING, SCALES, SIZE_PX, Crops, jitter
from facetoon.training.face_tracker.tracker_network import build_tracker, loss
from facetoon.training.face_tracker.tracker_report import Examination
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.images import load_split

TIGHT_PX, WIDE_PX = 128, 250
BATCH, CALIBRATION_CROPS, TEST_SHARE = 64, 400, 0.1
REUSE, POOL = 4, 20_000  # batches that show a crop, crops kept for them (250 MB)
REPORT_STEPS = 500
LICENCE = "research and non-commercial use, as the photographs it was trained on"


def fit(crops: Crops, steps: int, seed: int, tell: Callable[[str], None]) -> keras.Model:
    """Train a network. The same seed gives the same network. It tells the loss every REPORT_STEPS."""
    keras.utils.clear_session()  # Keras numbers its layers over the whole process, and a file holds their names
    keras.utils.set_random_seed(seed)
    net = build_tracker()
    warm_up = min(100, steps // 10 + 1)
    rate = keras.optimizers.schedules.CosineDecay(1e-4, steps - warm_up, warmup_target=3e-3, warmup_steps=warm_up)
    net.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4), loss)
    told = keras.callbacks.LambdaCallback(on_train_batch_end=partial(_tell, tell))
    net.fit(drawn_batches(crops, seed), steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[told])
    return net


def _tell(tell: Callable[[str], None], batch: int, logs: dict[str, float]) -> None:
    if (batch + 1) % REPORT_STEPS == 0:
        tell(f"step {batch + 1}: mean loss so far {logs['loss']:.3f}")


def drawn_batches(crops: Crops, seed: int) -> Iterator[tuple[Float, Float]]:
    """Yield batches of crops (BATCH, 64, 64, 3), float32 -1..1, and scaled targets (BATCH, 16), without end.

    Drawing a crop takes half as long as a training step on it, so each is used REUSE times, with other disturbances.
    """
    random, drawn, fresh = np.random.default_rng(seed), 0, REUSE * BATCH
    pictures = np.empty((POOL, SIZE_PX, SIZE_PX, 3), np.uint8)
    targets = np.empty((POOL, OUTPUTS), np.float32)
    while True:
        oldest = np.arange(drawn, drawn + fresh) % POOL
        pictures[oldest], targets[oldest] = crops.draw(fresh, random)
        drawn, fresh = drawn + fresh, BATCH // REUSE
        rows = random.integers(min(drawn, POOL), size=BATCH)
        yield jitter(pictures[rows], random), targets[rows]


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


def train_tracker(
    photos: Sequence[DataSource],
    wide_photos: Sequence[DataSource],
    labeller: Labeller,
    out: Path,
    steps: int,
    seed: int,
    tell: Callable[[str], None],
) -> dict[str, float]:
    """Train a tracker on tight and wide photographs, write it to `out` and return its held-out errors.

    The model is int8. If an error of the int8 model is more than 15 % larger than the float network's, the weights are
    float16 instead. `tell` gets a line of progress every REPORT_STEPS. Raises InputError for unusable sources.
    """
    tight, wide = load_split(photos, TIGHT_PX, TEST_SHARE), load_split(wide_photos, WIDE_PX, TEST_SHARE)
    train, test = (Crops(labeller.label(tight[i], 0.5), labeller.label(wide[i], 0.1)) for i in (0, 1))
    examination = Examination.of(test, seed)
    net = fit(train, steps, seed, tell)
    random = np.random.default_rng((seed, steps))
    samples = jitter(train.draw(CALIBRATION_CROPS, random)[0], random)
    names = tuple(Path(source.path).name for source in (*photos, *wide_photos))
    calibration = {"crops": CALIBRATION_CROPS, "tight_sha256": tight[0].digest, "wide_sha256": wide[0].digest}
    scales = tuple(map(float, SCALES))
    spec = TrackerSpec("face-tracker", "static_wi8_ai8", FRAMING, scales, {}, calibration, names, LICENCE)
    in_float = examination.marks(lambda crops: net.predict(crops, verbose=0) * SCALES)
    scores = _write(out, convert(net, samples), spec, examination)
    if any(scores[name] > 1.15 * in_float[name] for name in ("centre_percent", "height_percent", "roll_deg")):
        scores = _write(out, convert(net, None), replace(spec, recipe="weight_only_wf16"), examination)
    return scores | {f"float_{name}": value for name, value in in_float.items()}


def _write(out: Path, model: bytes, spec: TrackerSpec, examination: Examination) -> dict[str, float]:
    """Write the file, measure its errors with the shipped runtime, and write it again with these scores."""
    write_model(out, model, spec)
    tracker = FaceTracker(out)
    scores = examination.marks(lambda crops: np.stack([tracker.look(crop) for crop in pixels.from_unit(crops)]))
    write_model(out, model, replace(spec, scores=scores))
    return scores
