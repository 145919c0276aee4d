"""Opens the encoders that scores use, from .keras or .onnx files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError

PACKAGED = Path(__file__).parents[1] / "encoders" / "faces_64.keras"
BATCH = 128


def open_encoder(path: Path = PACKAGED) -> Callable[[pixels.Image], np.ndarray]:
    """Open a .keras or .onnx file as a function: uint8 RGB pictures (n, side, side, 3) to float32 features (n, d).

    Pictures are resampled to the encoder's size and scaled to -1..1, Inception's range too. In ONNX, channels may come
    first or last. Raises InputError when the file does not turn a square picture into one vector.
    """
    size_px, run = _onnx(path) if path.suffix == ".onnx" else _keras(path)

    def encode(images: pixels.Image) -> np.ndarray:
        parts = []
        for start in range(0, len(images), BATCH):
            fitted = np.stack([pixels.square(image, size_px) for image in images[start : start + BATCH]])
            parts.append(run(pixels.to_unit(fitted)))
        return np.concatenate(parts)

    return encode


def _keras(path: Path) -> tuple[int, Callable[[np.ndarray], np.ndarray]]:
    try:
        model = keras.saving.load_model(path, compile=False)
    except (ValueError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not an encoder that can be loaded: {str(error).splitlines()[0]}") from None
    shape = tuple(model.input_shape) if isinstance(model.input_shape, tuple) else ()
    size_px = _side_px(shape[1:], path)
    _check_vector(model.output_shape, path)
    return size_px, lambda pictures: np.asarray(model(pictures, training=False))


def _onnx(path: Path) -> tuple[int, Callable[[np.ndarray], np.ndarray]]:
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise InputError("An .onnx encoder needs onnxruntime: pip install 'facetoon[onnx]' brings it.") from None
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base class but this
        raise InputError(f"{path} is not an encoder that can be loaded: {str(error).splitlines()[0]}") from None
    image = session.get_inputs()[0]
    _check_vector(session.get_outputs()[0].shape, path)
    channels_first = image.shape[1] == 3
    size_px = _side_px((*image.shape[2:], 3) if channels_first else image.shape[1:], path)
    at_once = image.shape[0] if isinstance(image.shape[0], int) else BATCH

    def run(pictures: np.ndarray) -> np.ndarray:
        if channels_first:
            pictures = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
        parts = [pictures[i : i + at_once] for i in range(0, len(pictures), at_once)]
        return np.concatenate([session.run(None, {image.name: part})[0] for part in parts])

    return size_px, run


def _side_px(shape: Sequence[Any], path: Path) -> int:
    """Return the side of (height, width, channels). InputError for a variable size (None or text) or another shape."""
    side_px = shape[0] if len(shape) == 3 else None
    if not isinstance(side_px, int) or shape[1] != side_px or shape[2] != 3:
        raise InputError(f"{path} takes {tuple(shape)}; an encoder takes square RGB pictures of one size.")
    return side_px


def _check_vector(shape: Sequence[Any], path: Path) -> None:
    if len(shape) != 2:
        raise InputError(f"{path} turns pictures into {tuple(shape)}; an encoder gives one vector for each picture.")
