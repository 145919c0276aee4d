"""Packs files into a zip that is sent while it is made: no copy on the disk, and none in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

CHUNK_BYTES = 256 * 1024


class _Outbox(io.RawIOBase):
    """A stream without places, which holds what is not sent yet."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._chunks.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        data, self._chunks = b"".join(self._chunks), []
        return data


def zipped(paths: Iterable[Path]) -> Iterator[bytes]:
    """Yield the bytes of a zip of these files. Pictures and films are packed already, so they are only stored.

    A file that is gone by its turn is left out.
    """
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w") as archive:
        for path in paths:
            if not path.is_file():
                continue
            with path.open("rb") as file, archive.open(zipfile.ZipInfo.from_file(path, path.name), "w") as entry:
                while chunk := file.read(CHUNK_BYTES):
                    entry.write(chunk)
                    yield outbox.taken()
    yield outbox.taken()
