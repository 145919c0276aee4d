"""Reads and writes the bytes of picture files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import LIMIT_FLAG, most_pixels
from facetoon.edge_runtime.pixels.arrays import Image, swap_red_blue
from facetoon.edge_runtime.pixels.avif_trial import decodes_as_avif
from facetoon.edge_runtime.pixels.picture_headers import (
    has_alpha,
    is_boxed,
    is_cut_short,
    is_heic,
    picture_size,
    scan_count,
    text_bytes,
)

MOST_PASSES = 20  # over the most pixels of a picture; cameras and programs write JPEGs of up to 12 scans
MOST_TEXT_BYTES = 100_000_000
STRIP_PIXELS = 2**20  # of a transparent picture that are laid over white at once: as float32 they fill 16 MB
_DECODE_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def decode_image(data: bytes, name: str, reduce: int = 1) -> Image:
    """Decode the bytes of a picture file to RGB uint8 (height, width, 3), with EXIF rotation, over white.

    `reduce` (1, 2, 4 or 8) divides the sides while decoding, which for JPEG saves memory too. Of an animation it takes
    the first frame. Raises InputError, which names the file, when the bytes are no picture, are cut short, or hold
    more pixels than `picture_files.most_pixels`, texts of more than MOST_TEXT_BYTES, or in an AVIF a
    larger picture than its header says.
    """
    if header := picture_size(data):
        width, height, shrinks = header
        check_pixels(width, height, name, reduce if shrinks else 1)
        if (scans := scan_count(data)) * width * height > MOST_PASSES * most_pixels():
            raise InputError(f"{name} would take too long to decode: {width}x{height} pixels in {scans} scans.")
    if is_cut_short(data):
        raise InputError(f"{name} is cut short.")
    if text_bytes(data) > MOST_TEXT_BYTES:
        raise InputError(f"{name} holds texts that may fill more than {MOST_TEXT_BYTES // 10**6} MB.")
    if is_boxed(data) and not decodes_as_avif(data, header[0] * header[1] if header else most_pixels()):
        return _decode_heic(data, name)
    frame = _decode(data, cv2.IMREAD_UNCHANGED) if has_alpha(data) else None
    if frame is not None and frame.ndim == 3 and frame.shape[2] == 4 and frame.dtype.kind == "u":
        return swap_red_blue(on_white(frame))
    del frame  # before the picture is decoded again
    frame = _decode(data, _DECODE_FLAGS[reduce])
    if frame is None:
        return _decode_heic(data, name)
    return swap_red_blue(frame)


def check_pixels(width: int, height: int, name: str, reduce: int = 1) -> None:
    """Raise InputError, which names the file, for more pixels than the limit once both sides are divided."""
    if width * height > most_pixels() * reduce**2:
        raise InputError(
            f"{name} is too large: {width}x{height} pixels, of at most {most_pixels() // 1_000_000} megapixels; "
            f"{LIMIT_FLAG} allows more."
        )


def _decode_heic(data: bytes, name: str) -> Image:
    """Decode what OpenCV could not: an HEIC picture, where pillow-heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        kind = "HEIC, which OpenCV cannot read; make a JPEG of it" if is_heic(data) else ""
        brings = ", or pip install 'facetoon[heic]'" if kind else ""
        raise InputError(f"{name} is {kind or 'not a picture that can be read'}{brings}.") from None
    try:
        picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
        width, height = picture.size
        check_pixels(width, height, name)
        pixels = np.asarray(picture)
    except InputError:
        raise
    except (ValueError, OSError, EOFError, SyntaxError, RuntimeError):  # libheif's own limits are a RuntimeError
        raise InputError(f"{name} is not a picture that can be read.") from None
    return swap_red_blue(on_white(pixels[..., [2, 1, 0, 3]])) if pixels.shape[2] == 4 else pixels


def _decode(data: bytes, flags: int) -> Any:
    """Decode to a BGR, BGRA or grey array, by `flags`; None when OpenCV cannot read the bytes."""
    buffer = np.frombuffer(data, np.uint8)
    try:
        return cv2.imdecode(buffer, flags) if buffer.size else None
    except cv2.error:  # the picture, by its header, exceeds OpenCV's limits or the memory
        return None


def on_white(frame: NDArray[np.unsignedinteger]) -> Image:
    """Lay BGRA (height, width, 4), of 8 or 16 bits a channel, over white: BGR uint8."""
    height, width = frame.shape[:2]
    rows = max(STRIP_PIXELS // width, 1)
    result = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, rows):
        values = frame[top : top + rows].astype(np.float32) / np.iinfo(frame.dtype).max
        alpha = values[..., 3:]
        result[top : top + rows] = np.rint(255 * (values[..., :3] * alpha + 1 - alpha))
    return result


def encode_jpeg(frame: Image, quality: int = 85) -> bytes:
    """Encode a BGR uint8 frame as JPEG; `quality` is 0..100."""
    ok, data = cv2.imencode(".jpg", frame, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not ok:
        raise ValueError(f"OpenCV could not encode a frame of shape {frame.shape}")
    return data.tobytes()


def encode_png(image: Image) -> bytes:
    """Encode an RGB uint8 image as PNG."""
    return cv2.imencode(".png", swap_red_blue(image))[1].tobytes()


def write_animation(path: Path, frames: Sequence[Image], step_ms: int) -> None:
    """Write BGR uint8 frames of one size as an endless animation, WebP or GIF by the path's suffix.

    Raises InputError where this OpenCV does not write the kind, and OSError when the disk does not take it.
    """
    if not cv2.haveImageWriter(str(path)):
        raise InputError(f"This OpenCV writes no {path.suffix} files.")
    animation = cv2.Animation()
    animation.frames = list(frames)
    animation.durations = [step_ms] * len(frames)
    animation.loop_count = 0
    quality = [cv2.IMWRITE_WEBP_QUALITY, 70] if path.suffix == ".webp" else []
    if not cv2.imwriteanimation(str(path), animation, quality):
        raise OSError(f"{path.name} could not be written")
