"""The spec inside a .tflite file: `facetoon.json` in a zip archive behind the flatbuffer.

TFLite metadata stores its associated files in the same way. A flatbuffer is read from its start and a zip archive from
its end, so every TFLite tool and every zip tool still opens the file.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

MEMBER = "facetoon.json"
MOST_TEXT_BYTES = 1_000_000  # once unpacked; 1 kB of a zip archive unpacks to 1 MB
MOST_DIRECTORY_BYTES = 64_000
END_MARK, END_BYTES = b"PK\5\6", 22  # of the record at the archive's end
DATE = (1980, 1, 1, 0, 0, 0)  # fixed, so that the same model and text give the same file


def join(model: bytes, text: str) -> bytes:
    """Append an archive with `text` to `model`."""
    buffer = io.BytesIO(model)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(zipfile.ZipInfo(MEMBER, DATE), text)
    return buffer.getvalue()


def split(data: bytes) -> tuple[bytes, str] | None:
    """Reverse `join`: return model bytes and text, or None when `data` ends in no archive of ours."""
    if not _has_short_directory(data):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            with archive.open(MEMBER) as member:
                packed = member.read(MOST_TEXT_BYTES + 1)
            if len(packed) > MOST_TEXT_BYTES:
                return None
            text = packed.decode("utf-8")
            # The flatbuffer before the archive shifts every offset; zipfile has corrected them.
            return data[: min(entry.header_offset for entry in archive.infolist())], text
    except (zipfile.BadZipFile, KeyError, ValueError, zlib.error, EOFError, struct.error, OverflowError, RuntimeError):
        # RuntimeError: encrypted, or a compression that Python lacks; ValueError: no UTF-8, or an offset below zero
        return None


def without_archive(data: bytes) -> bytes:
    """Return the bytes before a zip archive of any tool, or all bytes where none follows."""
    if not _has_short_directory(data):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return data[: min((entry.header_offset for entry in archive.infolist()), default=archive.start_dir)]
    except (zipfile.BadZipFile, ValueError, struct.error, OverflowError):
        return data


def _has_short_directory(data: bytes) -> bool:
    """Whether the archive's list of members is short. zipfile keeps an object of each in memory."""
    at = data.rfind(END_MARK, max(len(data) - END_BYTES - 65535, 0))
    if at < 0 or at + END_BYTES > len(data):
        return False
    directory_bytes: int = struct.unpack_from("<I", data, at + 12)[0]
    return directory_bytes <= MOST_DIRECTORY_BYTES
