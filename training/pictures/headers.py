"""Reads the size of a picture file, and whether the file is complete, without decoding it."""

from __future__ import annotations

import struct

_FRAME_MARKERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BASELINE = (0xC0, 0xC1)


def picture_size(data: bytes) -> tuple[int, int, bool] | None:
    """Return (width, height, whether decoding can shrink it to save memory) of a JPEG, PNG or WebP; None for others.

    Only a baseline JPEG shrinks while it is decoded. A progressive JPEG is decoded at full size.
    """
    try:
        if data[:2] == b"\xff\xd8":
            return _jpeg(data)
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            width, height = struct.unpack(">II", data[16:24])
            return width, height, False
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        pass  # cut short; decoding will report it
    return None


def is_cut_short(data: bytes) -> bool:
    """Whether the end of a JPEG or PNG is missing. OpenCV would silently fill it with grey."""
    if data[:2] == b"\xff\xd8":
        # The end marker must follow the start of the last scan: an embedded thumbnail has an end marker of its own.
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data[:4] == b"\x89PNG" and b"IEND" not in data


def _jpeg(data: bytes) -> tuple[int, int, bool] | None:
    at = 2
    while at < len(data):
        while data[at] == 0xFF and data[at + 1] == 0xFF:  # padding
            at += 1
        marker = data[at + 1]
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height, marker in _BASELINE
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def _webp(data: bytes) -> tuple[int, int, bool] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[i : i + 3], "little") + 1 for i in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", data[26:30]))
    else:
        return None
    return width, height, False
