"""Reads tables of a flatbuffer, and checks every offset against the file's end.

Layout: https://flatbuffers.dev/internals/. The official reader for Python does not check offsets.
"""

from __future__ import annotations

import struct


class DamagedFlatbuffer(Exception):
    """An offset, length or number in a flatbuffer does not hold; the text says which, as half a sentence."""


class FlatbufferTable:
    """A table at a place of the file."""

    def __init__(self, data: bytes, at: int) -> None:
        """Raises DamagedFlatbuffer when the table or its index of fields leaves the file."""
        self._data, self._at = data, at
        self._index = at - read_number(data, "<i", at)
        self._index_bytes = read_number(data, "<H", self._index)
        self._bytes = read_number(data, "<H", self._index + 2)
        if self._index + self._index_bytes > len(data) or at + self._bytes > len(data):
            raise DamagedFlatbuffer("a table runs past the file's end")

    def number(self, slot: int, kind: str, default: int = 0) -> int:
        """Return a scalar field; `kind` is its format for `struct`."""
        place = self._place(slot)
        return read_number(self._data, kind, place) if place else default

    def table(self, slot: int) -> FlatbufferTable | None:
        """Return the table in a field; None without one."""
        place = self._place(slot)
        return FlatbufferTable(self._data, self._follow(place)) if place else None

    def tables(self, slot: int, most: int) -> list[FlatbufferTable]:
        """Return the tables of a vector. Raises DamagedFlatbuffer for more than `most`."""
        start, count = self.vector(slot, 4)
        if count > most:
            raise DamagedFlatbuffer(f"a list of {count} tables is too long")
        return [FlatbufferTable(self._data, self._follow(start + 4 * number)) for number in range(count)]

    def numbers(self, slot: int, kind: str) -> tuple[int, ...]:
        """Return a vector of scalars; `kind` is one letter of `struct`."""
        start, count = self.vector(slot, struct.calcsize(f"<{kind}"))
        return struct.unpack_from(f"<{count}{kind}", self._data, start)

    def data(self, slot: int) -> bytes:
        """Return the bytes of a vector or text; empty without one."""
        start, count = self.vector(slot, 1)
        return self._data[start : start + count]

    def vector(self, slot: int, item_bytes: int) -> tuple[int, int]:
        """Return the start and the number of items of a vector; (0, 0) without one."""
        place = self._place(slot)
        if not place:
            return 0, 0
        start = self._follow(place)
        count = read_number(self._data, "<I", start)
        if start + 4 + count * item_bytes > len(self._data):
            raise DamagedFlatbuffer("a list runs past the file's end")
        return start + 4, count

    def _place(self, slot: int) -> int:
        """Where a field lies in the file; 0 when it is left out."""
        entry = 4 + 2 * slot
        if entry + 2 > self._index_bytes:
            return 0
        offset = read_number(self._data, "<H", self._index + entry)
        if offset >= max(self._bytes, 1):
            raise DamagedFlatbuffer("a field lies outside its table")
        return self._at + offset if offset else 0

    def _follow(self, place: int) -> int:
        return place + read_number(self._data, "<I", place)


def read_number(data: bytes, kind: str, at: int) -> int:
    """Read one scalar. Raises DamagedFlatbuffer when it leaves the file."""
    if at < 0 or at + struct.calcsize(kind) > len(data):
        raise DamagedFlatbuffer("an offset leads out of the file")
    value: int = struct.unpack_from(kind, data, at)[0]
    return value
