"""The spec inside a .tflite file: `facetoon.json` in a zip archive behind the flatbuffer.

TFLite metadata stores its associated files in the same way. A flatbuffer is read from its start and a zip archive from
its end, so every TFLite tool and every zip tool still opens the file.
"""

from __future__ import annotations

import io
import zipfile

MEMBER = "facetoon.json"
DATE = (1980, 1, 1, 0, 0, 0)  # fixed, so that the same model and text give the same file


def join(model: bytes, text: str) -> bytes:
    """Append an archive with `text` to `model`."""
    buffer = io.BytesIO(model)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(zipfile.ZipInfo(MEMBER, DATE), text)
    return buffer.getvalue()


def split(data: bytes) -> tuple[bytes, str] | None:
    """Reverse `join`: return model bytes and text, or None when `data` ends in no archive of ours."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            text = archive.read(MEMBER).decode("utf-8")
            # The flatbuffer before the archive shifts every offset; zipfile has corrected them.
            return data[: min(entry.header_offset for entry in archive.infolist())], text
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError):
        return None
