"""Reads and writes the bytes of picture files."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels.arrays import Image, swap_red_blue
from numpy.typing import NDArray

_DECODE_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def decode_image(data: bytes, name: str, reduce: int = 1, over_white: bool = False) -> Image:
    """RGB uint8 (height, width, 3) from the bytes of a JPEG, PNG, WebP or BMP file; EXIF rotation is honoured.

    `reduce` (1, 2, 4 or 8) divides the sides while decoding, which for JPEG saves the memory too. Transparency is
    ignored, and the colours under it are seen, unless `over_white` lays the picture over white.
    Raises InputError, naming the file, when the bytes are no picture.
    """
    frame = _decode(data, cv2.IMREAD_UNCHANGED) if over_white else None
    if frame is not None and frame.ndim == 3 and frame.shape[2] == 4:
        return swap_red_blue(_over_white(frame))
    frame = _decode(data, _DECODE_FLAGS[reduce])
    if frame is None:
        raise InputError(f"{name} is not a picture that can be read.")
    return swap_red_blue(frame)


def _decode(data: bytes, flags: int) -> Any:
    """A BGR, BGRA or grey array as `flags` say; None when OpenCV cannot read it."""
    buffer = np.frombuffer(data, np.uint8)
    try:
        return cv2.imdecode(buffer, flags) if buffer.size else None
    except cv2.error:  # OpenCV's own limits, and headers that promise what no memory holds
        return None


def _over_white(frame: NDArray[np.unsignedinteger]) -> Image:
    """BGRA of 8 or 16 bits a channel, as BGR uint8 over white."""
    values = frame.astype(np.float32) / np.iinfo(frame.dtype).max
    alpha = values[..., 3:]
    return np.rint(255 * (values[..., :3] * alpha + 1 - alpha)).astype(np.uint8)


def encode_jpeg(frame: Image, quality: int = 85) -> bytes:
    """A BGR uint8 frame as JPEG bytes; `quality` is 0..100."""
    ok, data = cv2.imencode(".jpg", frame, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not ok:
        raise ValueError(f"OpenCV could not encode a frame of shape {frame.shape}")
    return data.tobytes()


def encode_png(image: Image) -> bytes:
    """An RGB uint8 image as PNG bytes."""
    return cv2.imencode(".png", swap_red_blue(image))[1].tobytes()
