"""Reads the size of a picture file, and whether it is complete or animated, without decoding it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

_FRAME_MARKERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BASELINE = (0xC0, 0xC1)
_SCAN, _END = 0xDA, 0xD9
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)  # not a stuffed byte, padding or restart mark
_PNG = b"\x89PNG\r\n\x1a\n"
_DEFLATE_RATIO = 1032  # no deflate stream unpacks to more
_LARGEST_TEXT_BYTES = 8_000_000  # libpng drops a larger text
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def picture_size(data: bytes) -> tuple[int, int, bool] | None:
    """Return (width, height, whether decoding can shrink it to save memory) of a picture file; None where unknown.

    It knows JPEG, PNG, WebP, GIF, BMP, TIFF, JPEG 2000, AVIF and HEIC. Only a baseline JPEG shrinks while it is
    decoded. A progressive JPEG is decoded at full size.
    """
    try:
        if data[:2] == b"\xff\xd8":
            return _jpeg(data)
        size = _size(data)
    except (struct.error, IndexError):
        return None  # cut short; decoding will report it
    return (*size, False) if size else None


def is_cut_short(data: bytes) -> bool:
    """Whether the end of a JPEG or PNG is missing. OpenCV would silently fill it with grey.

    What follows the end does not count: a motion photo has a film behind its JPEG. In a PNG a chunk that claims more
    than the file holds counts too, since OpenCV would take as much memory as it claims.
    """
    if data[:2] == b"\xff\xd8":
        return not _jpeg_has_end(data)
    return data[:8] == _PNG and not _png_has_end(data)


def is_animated(data: bytes) -> bool:
    """Whether the bytes hold an animated PNG, WebP or GIF, without decoding them."""
    if data[:4] == b"GIF8":
        return data.count(b"\x21\xf9\x04") > 1  # each frame of an animation has a block of its time
    if data[:8] == _PNG:
        return b"acTL" in data[: max(data.find(b"IDAT"), 0)]
    return data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X" and len(data) > 20 and bool(data[20] & 2)


def is_heic(data: bytes) -> bool:
    """Whether the bytes hold an HEIC picture, as iPhones take them."""
    return data[4:8] == b"ftyp" and data[8:12] in _HEIC


def is_boxed(data: bytes) -> bool:
    """Whether the bytes hold an AVIF or HEIC picture, or another file of that kind of boxes."""
    return data[4:8] == b"ftyp"


def web_format(data: bytes) -> str | None:
    """Return the format that pages show, .jpg, .png, .webp or .avif, by a file's first bytes; HEIC becomes .jpg.

    None for every other format.
    """
    if data[:3] == b"\xff\xd8\xff" or is_heic(data):
        return ".jpg"
    if data[:8] == _PNG:
        return ".png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return ".avif" if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis") else None


def has_alpha(data: bytes) -> bool:
    """Whether a picture file may be transparent; False only where its format cannot be."""
    return data[:2] not in (b"\xff\xd8", b"BM")


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


def scan_count(data: bytes) -> int:
    """Return the scans of a JPEG, each of which passes over all its pixels; 1 for other files."""
    return list(_jpeg_marks(data)).count(_SCAN) if data[:2] == b"\xff\xd8" else 1


def _jpeg_has_end(data: bytes) -> bool:
    *before, last = list(_jpeg_marks(data)) or [0]
    return last == _END and _SCAN in before


def _jpeg_marks(data: bytes) -> Iterator[int]:
    """Walk from segment to segment up to the end, so that marks in a thumbnail or behind the picture do not count."""
    at = 2
    while mark := _AFTER_SCAN.search(data, at):
        marker, at = data[mark.end() - 1], mark.end()
        yield marker
        if marker == _END or at + 2 > len(data):
            return
        at += max(struct.unpack(">H", data[at : at + 2])[0], 2)


def text_bytes(data: bytes) -> int:
    """Return the most memory that the texts of a PNG fill, once libpng has unpacked them; 0 for other files."""
    if data[:8] != _PNG:
        return 0
    packed = [length for kind, length in _png_chunks(data) if kind in (b"zTXt", b"iTXt")]
    return sum(min(length * _DEFLATE_RATIO, _LARGEST_TEXT_BYTES) for length in packed)


def _png_has_end(data: bytes) -> bool:
    return any(kind == b"IEND" for kind, _ in _png_chunks(data))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield each chunk's kind and stated length."""
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], length
        at += 12 + length


def _size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) of any picture file but a JPEG; None where unknown."""
    if data[:8] == _PNG:
        width, height = struct.unpack(">II", data[16:24])
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    elif data[:4] == b"GIF8":
        width, height = struct.unpack("<HH", data[6:10])
    elif data[:2] == b"BM":
        width, height = struct.unpack("<ii", data[18:26])
    elif data[:4] in (b"II*\0", b"MM\0*"):
        return _tiff(data)
    elif data[4:8] in (b"ftyp", b"jP  "):
        return _boxed(data)
    else:
        return None
    return width, abs(height)  # a BMP from top to bottom has a negative height


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[i : i + 3], "little") + 1 for i in (24, 27))
        return (width, height) if len(data) > 29 else None
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", data[26:30]))
        return width, height
    return None


def _tiff(data: bytes) -> tuple[int, int] | None:
    """Read tags 256 and 257 of the first picture."""
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack(f"{order}I", data[4:8])
    (count,) = struct.unpack(f"{order}H", data[at : at + 2])
    sides = {}
    for place in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack(f"{order}HH", data[place : place + 4])
        if tag in (256, 257):
            short = kind == 3
            (sides[tag],) = struct.unpack(
                f"{order}{'H' if short else 'I'}", data[place + 8 : place + (10 if short else 12)]
            )
    return (sides[256], sides[257]) if len(sides) == 2 else None


def _boxed(data: bytes) -> tuple[int, int] | None:
    """Return the largest size of the boxes `ispe` of an AVIF or HEIC, or that of `ihdr` of a JPEG 2000."""
    wide = [struct.unpack(">II", data[m.end() + 4 : m.end() + 12]) for m in re.finditer(b"ispe", data[:65536])]
    if wide:
        return max(wide, key=lambda size: size[0] * size[1])
    at = data.find(b"ihdr", 0, 65536)
    if at < 0:
        return None
    height, width = struct.unpack(">II", data[at + 4 : at + 12])
    return width, height
