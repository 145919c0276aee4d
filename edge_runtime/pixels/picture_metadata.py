"""Writes picture files, and carries over what belongs to a picture beside its pixels."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels.arrays import Image

_EXIF, _PROFILE = 0, 2  # cv2.IMAGE_METADATA_EXIF and _ICCP, which OpenCV knows from 4.12 on
_ORIENTATION, _THUMBNAIL_START, _THUMBNAIL_LENGTH = 0x0112, 0x0201, 0x0202
_PARAMETERS = {
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".png": (),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 92),
    ".avif": (cv2.IMWRITE_AVIF_QUALITY, 90),
}


@dataclass(frozen=True)
class PictureMetadata:
    """What a picture file says beside its pixels."""

    exif: bytes = b""
    """A TIFF block with camera, date and place."""
    profile: bytes = b""
    """The ICC profile, without which a picture of another colour space looks pale."""


def read_metadata(data: bytes, with_exif: bool) -> PictureMetadata:
    """Read the colour profile of a picture file and, if asked, its EXIF block, fit for the upright, drawn picture.

    Raises InputError when EXIF is asked of an OpenCV that cannot write it.
    """
    if not hasattr(cv2, "imdecodeWithMetadata"):
        if with_exif:
            raise InputError("Metadata need OpenCV 4.12 or newer: pip install -U opencv-python-headless.")
        return PictureMetadata()
    try:
        _, kinds, blocks = cv2.imdecodeWithMetadata(np.frombuffer(data, np.uint8), flags=cv2.IMREAD_REDUCED_COLOR_8)
    except cv2.error:
        return PictureMetadata()
    found = {int(kind): block.tobytes() for kind, block in zip(kinds, blocks, strict=True)}
    profile = found.get(_PROFILE, b"")
    sound = profile[36:40] == b"acsp" and int.from_bytes(profile[:4], "big") <= len(profile)
    return PictureMetadata(upright_exif(found.get(_EXIF, b"")) if with_exif else b"", profile if sound else b"")


def encode_picture(frame: Image, suffix: str, metadata: PictureMetadata | None = None) -> bytes:
    """Encode a BGR uint8 frame as .jpg, .png, .webp or .avif. Raises InputError when this OpenCV cannot."""
    metadata = metadata or PictureMetadata()
    blocks = {kind: block for kind, block in ((_EXIF, metadata.exif), (_PROFILE, metadata.profile)) if block}
    try:
        ok, data = _encode(frame, suffix, blocks)
    except cv2.error:
        ok = False
    if not ok:
        raise InputError(f"A picture of {frame.shape[1]}x{frame.shape[0]} pixels cannot be written as {suffix}.")
    return bytes(data.tobytes())


def _encode(frame: Image, suffix: str, blocks: dict[int, bytes]) -> Any:
    if not blocks:
        return cv2.imencode(suffix, frame, _PARAMETERS[suffix])
    values = [np.frombuffer(block, np.uint8) for block in blocks.values()]
    return cv2.imencodeWithMetadata(suffix, frame, list(blocks), values, _PARAMETERS[suffix])


def upright_exif(exif: bytes) -> bytes:
    """Return an EXIF block whose picture is upright and has no thumbnail, which would show the face undrawn.

    A block that cannot be read gives an empty one.
    """
    block = bytearray(exif)
    try:
        order = {b"II": "<", b"MM": ">"}[bytes(block[:2])]
        tags, next_at = _tags(block, order, *struct.unpack_from(f"{order}I", block, 4))
        if _ORIENTATION in tags:
            struct.pack_into(f"{order}H", block, tags[_ORIENTATION], 1)
        (thumbnails,) = struct.unpack_from(f"{order}I", block, next_at)
        struct.pack_into(f"{order}I", block, next_at, 0)
        if thumbnails:
            tags, _ = _tags(block, order, thumbnails)
            start, length = (
                struct.unpack_from(f"{order}I", block, tags[tag])[0] for tag in (_THUMBNAIL_START, _THUMBNAIL_LENGTH)
            )
            block[start : start + length] = bytes(len(block[start : start + length]))
    except (KeyError, struct.error):
        return b""
    return bytes(block)


def _tags(block: bytearray, order: str, at: int) -> tuple[dict[int, int], int]:
    """Return the place of each tag's value in a directory, and the place of the next directory's address."""
    (count,) = struct.unpack_from(f"{order}H", block, at)
    entries = range(at + 2, at + 2 + 12 * count, 12)
    return {struct.unpack_from(f"{order}H", block, entry)[0]: entry + 8 for entry in entries}, at + 2 + 12 * count
