"""Sources that are made of others: one after another, round and round, or a picture that stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sources.sound import Sound
from facetoon.edge_runtime.sources.source import Source

HELD_HZ = 5.0
"""Frames a second of a picture that stays: a changed setting shows within 0.2 s."""


class Playlist:
    """Plays sources one after another, with `loop` again and again. Its time goes on from one to the next."""

    live = False
    losses = 0
    sound: Sound | None = None

    def __init__(self, openers: Sequence[Callable[[], Source]], loop: bool) -> None:
        """Each opener opens a source. All are opened once, so that a missing one is told at the start.

        Raises InputError for a source that cannot be opened, and for a camera, which has no end.
        """
        self._openers, self._loop = openers, loop
        lengths = [self._length(opener) for opener in openers]
        known = [length for length in lengths if length is not None]
        self.frames: int | None = sum(known) if len(known) == len(lengths) and not loop else None
        self.fault = ""
        self.time_s = self._offset_s = 0.0
        self._open(0)
        self.rate_hz = self._source.rate_hz

    def read(self) -> Image | None:
        """See Source. Raises InputError when the next source can no longer be opened."""
        frame = self._source.read()
        if frame is None:
            faults = [self._source.fault] if self._loop else [self.fault, self._source.fault]
            self.fault = " ".join(filter(None, faults))
            if self._place + 1 == len(self._openers) and not self._loop:
                return None
            self._offset_s = self.time_s + 1 / self._source.rate_hz
            self._source.close()
            self._open((self._place + 1) % len(self._openers))
            frame = self._source.read()
        self.time_s = self._offset_s + self._source.time_s
        return frame

    def close(self) -> None:
        """Release the source that plays."""
        self._source.close()

    def _open(self, place: int) -> None:
        self._place, self._source = place, self._openers[place]()
        self.name, self.unrelated = self._source.name, self._source.unrelated

    @staticmethod
    def _length(opener: Callable[[], Source]) -> int | None:
        source = opener()
        source.close()
        if source.live:
            raise InputError(f"{source.name} has no end, so it cannot be looped or stand in a row with others.")
        return source.frames


class HeldSource:
    """Shows the only frame of a source for ever, so that the page's settings can be tried on it."""

    live = False
    unrelated = False
    losses = 0
    fault = ""
    sound: Sound | None = None
    frames: int | None = None
    rate_hz = HELD_HZ

    def __init__(self, source: Source) -> None:
        """Raises InputError when the frame cannot be read."""
        frame = source.read()
        if frame is None:
            raise InputError(f"{source.name} holds no frame.")
        self.name, self._frame, self._number = source.name, frame, 0
        self.time_s = 0.0

    def read(self) -> Image:
        """Return a copy of the frame, since a frame is drawn in place."""
        self.time_s = self._number / self.rate_hz
        self._number += 1
        return self._frame.copy()

    def close(self) -> None:
        """Nothing to release."""
