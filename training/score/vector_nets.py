"""Opens networks that turn pictures into vectors: ImageNet nets of Keras, and .keras, .onnx and .tflite files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import EXAMPLES, ValueRange
from facetoon.training.foreign.foreign_model import FREE, channels_axis
from facetoon.training.foreign.model_formats import open_model

BATCH = 32
Run = Callable[[NDArray[np.float32]], NDArray[Any]]


@dataclass(frozen=True)
class VectorNet:
    """A network that turns square RGB pictures of one size into vectors. No loss of a judged generator may use it."""

    name: str
    size_px: int
    value_range: ValueRange
    run: Run
    """Maps float32 (n, size_px, size_px, 3) in `value_range`, n at most BATCH, to n vectors."""

    def __call__(self, pictures: pixels.Image) -> NDArray[np.float64]:
        """Turn uint8 RGB pictures (n, side, side, 3) into features (n, d)."""
        parts = []
        for start in range(0, len(pictures), BATCH):
            fitted = np.stack([pixels.square(picture, self.size_px) for picture in pictures[start : start + BATCH]])
            vectors = self.run(pixels.to_range(fitted, self.value_range))
            parts.append(np.asarray(vectors, np.float64).reshape(len(fitted), -1))
        return np.concatenate(parts)


UNIT = ValueRange((-1.0,), (1.0,))
IMAGENET: dict[str, tuple[str, int, dict[str, float], int]] = {
    "mobilenet": ("MobileNet", 224, {"alpha": 0.25}, 2),
    "inception": ("InceptionV3", 299, {}, 88),
}
"""By the value of --features: class of keras.applications, side in px, its arguments, and MB to download."""


def imagenet_net(features: str) -> VectorNet:
    """Open the pooled ImageNet features "mobilenet" or "inception", which take RGB in -1..1.

    Keras downloads the weights once and keeps them. Raises InputError when that fails.
    """
    name, size_px, more, megabytes = IMAGENET[features]
    shape = (size_px, size_px, 3)
    try:
        net = getattr(keras.applications, name)(include_top=False, pooling="avg", input_shape=shape, **more)
    except Exception as error:
        if type(error) is not Exception:  # Keras raises a bare one when a download fails
            raise
        raise InputError(
            f"The weights of {name} cannot be downloaded ({megabytes} MB, only once). Without a network, give a file "
            "that turns pictures into vectors with --encoder FILE."
        ) from None
    return VectorNet(f"keras.applications.{name}", size_px, UNIT, lambda x: np.asarray(net(x, training=False)))


def vector_net(path: Path, value_range: ValueRange | None) -> VectorNet:
    """Open a .keras, .onnx or .tflite file, with channels last or first.

    Raises InputError when the file does not turn a square RGB picture of one size into one vector, and when neither
    `value_range` nor the file says the range of its input.
    """
    model = open_model(path)
    axis = channels_axis(path, model.input_shape)
    sides = {side for place, side in enumerate(model.input_shape) if place not in (0, axis)}
    if len(sides) != 1 or FREE in sides:
        raise InputError(f"{path} takes pictures {model.input_shape}; an encoder takes squares of one size.")
    said = value_range or model.said[0]
    if said is None:
        raise InputError(f"{path} does not say the range of its input: give --encoder-range, such as {EXAMPLES}.")

    at_once = BATCH if path.suffix == ".keras" else 1  # the other formats may hold a batch of one

    def run(pictures: NDArray[np.float32]) -> NDArray[Any]:
        laid = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)) if axis == 1 else pictures
        return np.concatenate([model.run(laid[i : i + at_once]) for i in range(0, len(laid), at_once)])

    (size_px,) = sides
    vector = run(np.zeros((1, size_px, size_px, 3), np.float32))
    if np.sum(np.array(vector.shape[1:]) > 1) != 1:
        raise InputError(f"{path} turns pictures into {vector.shape}; an encoder gives one vector for each picture.")
    return VectorNet(path.name, size_px, said, run)
