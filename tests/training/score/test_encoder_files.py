"""Encoders from files, and the sensitivity of the packaged one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.pictures.images import load_split
from facetoon.training.score import distances, encoder_files


def test_the_packaged_encoder_opens():
    assert encoder_files.open_encoder()(np.zeros((2, 64, 64, 3), np.uint8)).shape == (2, 128)


def test_the_packaged_encoder_ranks_damage():
    """More blur, JPEG, colour cast or pictures of the other domain give a larger distance."""
    random = np.random.default_rng(0)
    noise = [cv2.GaussianBlur(random.normal(size=(64, 64, 3)), (0, 0), s) * s for s in (1, 3, 8)]

    def picture(colour):
        image = np.clip(128 + 150 * sum(np.roll(n, random.integers(64, size=2), (0, 1)) for n in noise), 0, 255)
        image = image.astype(np.uint8)
        x, y = (int(v) for v in 32 + random.integers(-4, 5, 2))
        cv2.ellipse(image, (x, y), (18, 24), 0, 0, 360, colour, -1, cv2.LINE_AA)
        for side in (-8, 8):
            cv2.circle(image, (x + side, y - 4), 4, (20, 20, 20), -1, cv2.LINE_AA)
        return image

    targets, fakes, others = (
        np.stack([picture(colour) for _ in range(48)]) for colour in ((240, 200, 190), (240, 200, 190), (90, 160, 90))
    )
    encode = encoder_files.open_encoder()
    real = encode(targets)

    def blurred(sigma):
        return [cv2.GaussianBlur(image, (0, 0), sigma) for image in fakes]

    def squeezed(quality_percent):
        flag = (cv2.IMWRITE_JPEG_QUALITY, quality_percent)
        return [cv2.imdecode(cv2.imencode(".jpg", image, flag)[1], cv2.IMREAD_COLOR) for image in fakes]

    def tinted(share):
        return np.clip(fakes * np.array([1 + share, 1, 1 - share]), 0, 255).astype(np.uint8)

    def swapped(count):
        return np.concatenate([others[:count], fakes[count:]])

    for damage, amounts in ((blurred, (0.6, 1, 2)), (squeezed, (60, 20, 5)), (tinted, (0.08, 0.2, 0.4))):
        ladder = [distances.kid(encode(x), real) for x in (fakes, *(np.stack(damage(a)) for a in amounts))]
        assert ladder == sorted(ladder), damage.__name__
    ladder = [distances.kid(encode(swapped(count)), real) for count in (0, 12, 24, 48)]
    assert ladder == sorted(ladder)


def test_an_onnx_encoder_sees_what_the_keras_one_sees(encoder_run, tmp_path):
    tf2onnx = pytest.importorskip("tf2onnx")
    import tensorflow as tf
    from keras.saving import load_model

    model = load_model(encoder_run / "encoder.keras")
    call = tf.function(lambda x: model(x, training=False))
    signature = [tf.TensorSpec((None, 32, 32, 3), tf.float32, name="image")]
    for name, first in (("last", None), ("first", ["image"])):
        path = tmp_path / f"{name}.onnx"
        tf2onnx.convert.from_function(call, signature, opset=17, inputs_as_nchw=first, output_path=str(path))
    pictures = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3), np.uint8)
    wanted = encoder_files.open_encoder(encoder_run / "encoder.keras")(pictures)
    for name in ("last", "first"):
        np.testing.assert_allclose(encoder_files.open_encoder(tmp_path / f"{name}.onnx")(pictures), wanted, atol=1e-4)


@pytest.mark.shared_data
def test_the_packaged_encoder_ranks_damage_of_real_cartoons(shared_data):
    _, test = load_split([str(shared_data / "anime128.zip")], 64, 0.2)
    half, rest = test.images[:300], test.images[300:600]
    encode = encoder_files.open_encoder()
    real = encode(rest)
    blurred = [np.stack([cv2.GaussianBlur(image, (0, 0), sigma) for image in half]) for sigma in (0.5, 0.8, 1.2, 2)]
    ladder = [distances.kid(encode(pictures), real) for pictures in (half, *blurred)]
    assert ladder == sorted(ladder)
