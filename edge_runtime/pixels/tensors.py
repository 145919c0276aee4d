"""Turns grey levels into a network's values, and back."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels.arrays import Image, Mask, Tensor
from facetoon.edge_runtime.value_range import UNIT, ValueRange


def to_unit(images: Image) -> NDArray[np.float32]:
    """Convert uint8 0..255 of any shape to float32 -1..1, the range of every generator here."""
    return images.astype(np.float32) / 127.5 - 1.0


def from_unit(values: NDArray[np.floating]) -> Image:
    """Convert float -1..1 of any shape to uint8 0..255, rounded to nearest and clipped."""
    return np.clip(np.rint((values + 1.0) * 127.5), 0, 255).astype(np.uint8)


def encode_table(dtype: np.dtype, scale: float, zero_point: int, values: ValueRange = UNIT) -> Tensor:
    """Return 256 tensor values, one for each grey level. A lookup at run time replaces scaling and quantization.

    `scale` and `zero_point` are the model input's; float inputs ignore both. `values` has one range for all channels.
    """
    (low,), (high,) = values.low, values.high
    real = to_unit(np.arange(256, dtype=np.uint8)) * ((high - low) / 2) + (low + high) / 2
    if np.issubdtype(dtype, np.floating):
        return real.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(real / scale) + zero_point, limits.min, limits.max).astype(dtype)


def decode_table(dtype: np.dtype, scale: float, zero_point: int, values: ValueRange = UNIT) -> Mask:
    """Return 256 grey levels, indexed by the bits of an int8 or uint8 output; the reverse of `encode_table`."""
    levels = np.arange(256, dtype=np.uint8).view(dtype).astype(np.float32)
    return from_range((levels - zero_point) * np.float32(scale), values)


def to_tensor(image: Image, table: Tensor) -> Tensor:
    """Convert RGB uint8 (height, width, 3) to a model input (1, height, width, 3) through `encode_table`."""
    return cv2.LUT(image, table)[np.newaxis]  # a quarter of np.take's time


def to_image(tensor: Tensor, table: Mask | None, values: ValueRange = UNIT) -> Image:
    """Convert a model output (1, height, width, 3 or 4) to RGB uint8 (height, width, 3), without its matte.

    `table` is the output's `decode_table`; None for a float output in the range `values`, which is rounded.
    """
    if table is None:
        return from_range(tensor[0, :, :, :3].astype(np.float32), values)
    levels = tensor[0].view(np.uint8)
    return cv2.LUT(levels if levels.shape[2] == 3 else cv2.cvtColor(levels, cv2.COLOR_RGBA2RGB), table)


def to_range(images: Image, values: ValueRange) -> NDArray[np.float32]:
    """Convert uint8 (..., 3) to float32 of the same shape in another project's range."""
    low, high = (np.array(ends, np.float32) for ends in (values.low, values.high))
    return low + images.astype(np.float32) * ((high - low) / np.float32(255))


def from_range(numbers: NDArray[np.floating], values: ValueRange) -> Image:
    """Convert float (..., 3) in another project's range to uint8, rounded to nearest and clipped; NaN becomes 0."""
    low, high = (np.array(ends, np.float32) for ends in (values.low, values.high))
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged network gives huge values, or NaN
        return np.clip(np.rint((numbers - low) * (np.float32(255) / (high - low))), 0, 255).astype(np.uint8)


def to_matte(tensor: Tensor, table: Mask | None) -> Mask:
    """Convert the fourth channel of a model output (1, height, width, 4) to uint8 (height, width), 255 inside.

    `table` is that of `to_image`.
    """
    if table is None:
        return from_range(tensor[0, :, :, 3].astype(np.float32), UNIT)
    return cv2.LUT(cv2.extractChannel(tensor[0].view(np.uint8), 3), table)
