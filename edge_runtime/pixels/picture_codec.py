"""Reads and writes the bytes of picture files."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels.arrays import Image, swap_red_blue

_DECODE_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def decode_image(data: bytes, name: str, reduce: int = 1, over_white: bool = False) -> Image:
    """Decode the bytes of a JPEG, PNG, WebP or BMP file to RGB uint8 (height, width, 3), with EXIF rotation.

    `reduce` (1, 2, 4 or 8) divides the sides while decoding, which for JPEG saves memory too. Transparency is ignored,
    so that the colours under it show, unless `over_white` lays the picture over white.
    Raises InputError, which names the file, when the bytes are no picture.
    """
    frame = _decode(data, cv2.IMREAD_UNCHANGED) if over_white else None
    if frame is not None and frame.ndim == 3 and frame.shape[2] == 4:
        return swap_red_blue(on_white(frame))
    frame = _decode(data, _DECODE_FLAGS[reduce])
    if frame is None:
        raise InputError(f"{name} is not a picture that can be read.")
    return swap_red_blue(frame)


def _decode(data: bytes, flags: int) -> Any:
    """Decode to a BGR, BGRA or grey array, by `flags`; None when OpenCV cannot read the bytes."""
    buffer = np.frombuffer(data, np.uint8)
    try:
        return cv2.imdecode(buffer, flags) if buffer.size else None
    except cv2.error:  # the picture, by its header, exceeds OpenCV's limits or the memory
        return None


def on_white(frame: NDArray[np.unsignedinteger]) -> Image:
    """Lay BGRA (height, width, 4), of 8 or 16 bits a channel, over white: BGR uint8."""
    values = frame.astype(np.float32) / np.iinfo(frame.dtype).max
    alpha = values[..., 3:]
    return np.rint(255 * (values[..., :3] * alpha + 1 - alpha)).astype(np.uint8)


def encode_jpeg(frame: Image, quality: int = 85) -> bytes:
    """Encode a BGR uint8 frame as JPEG; `quality` is 0..100."""
    ok, data = cv2.imencode(".jpg", frame, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not ok:
        raise ValueError(f"OpenCV could not encode a frame of shape {frame.shape}")
    return data.tobytes()


def encode_png(image: Image) -> bytes:
    """Encode an RGB uint8 image as PNG."""
    return cv2.imencode(".png", swap_red_blue(image))[1].tobytes()
