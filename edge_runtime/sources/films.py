"""Plays films, from a file or an address. Each frame carries the time that the container states for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sources.containers import aspect_of, load_av, moving_picture, open_container, to_frame
from facetoon.edge_runtime.sources.sound import Sound

HIGHEST_RATE_HZ = 240.0  # a higher stated rate is a clock: browsers state 1000/s
LONGEST_GAP_S = 3600.0  # a longer step is a fault of the time stamps and no pause


class FilmClock:
    """Turns the time stamps of decoded frames into seconds from the first frame, which always rise."""

    def __init__(self, rate_hz: float) -> None:
        """`rate_hz` is the distance of frames without a time stamp, or with one that cannot be right."""
        self._step_s = 1 / rate_hz
        self._offset_s: float | None = None
        self._last_s = -self._step_s

    @property
    def start_s(self) -> float:
        """The container's time of the first frame."""
        return self._offset_s or 0.0

    def time_s(self, stamp_s: float | None) -> float:
        """Return the time of the next frame. `stamp_s` is the container's; None when it states none."""
        if stamp_s is None:
            stamp_s = self.start_s + self._last_s + self._step_s
        if self._offset_s is None:
            self._offset_s = stamp_s
        time_s = stamp_s - self._offset_s
        if not self._last_s < time_s <= self._last_s + LONGEST_GAP_S:
            time_s = self._last_s + self._step_s
            self._offset_s = stamp_s - time_s
        self._last_s = time_s
        return time_s


class VideoSource:
    """A film, read to its end."""

    live = False
    losses = 0

    def __init__(self, place: Path | str, name: str | None = None) -> None:
        """`place` is a path or an address; `name` is shown instead of it.

        Raises InputError for a film that cannot be read, or that holds no frame.
        """
        self._shown = name or str(place)
        self.name = name or Path(place).name
        address = place if isinstance(place, str) else f"file:{place}"
        try:
            self._container = open_container(address)
        except (OSError, ValueError) as error:
            raise InputError(f"{self._shown} is not a video that can be read, or it is cut short.") from error
        stream = moving_picture(self._container)
        if stream is None:
            raise InputError(f"{self._shown} is not a video that can be read: it has no moving picture.")
        stated_hz = float(stream.average_rate or 0)
        self.rate_hz = stated_hz if 0 < stated_hz <= HIGHEST_RATE_HZ else 30.0
        self.frames: int | None = stream.frames or None
        self.time_s = 0.0
        self._clock = FilmClock(self.rate_hz)
        self._aspect = aspect_of(stream)
        self._decoded = self._decode(stream)
        self._first = next(self._decoded, None)
        if self._first is None:
            raise InputError(f"{self._shown} is not a video that can be read, or it is empty.")
        self._clock.time_s(self._first.time)
        self.sound = self._sound(place)

    def read(self) -> Image | None:
        """See Source."""
        if self._first is not None:
            decoded, self._first = self._first, None
        else:
            decoded = next(self._decoded, None)
            if decoded is None:
                return None
            self.time_s = self._clock.time_s(decoded.time)
        return to_frame(decoded, self._aspect)

    def close(self) -> None:
        """Release the file."""
        self._container.close()

    def _decode(self, stream: Any) -> Iterator[Any]:
        """Yield decoded frames; a damaged packet is passed over."""
        av = load_av()
        for packet in self._container.demux(stream):
            try:
                yield from packet.decode()
            except av.InvalidDataError:
                continue

    def _sound(self, place: Path | str) -> Sound | None:
        tracks = self._container.streams.audio
        if isinstance(place, str) or not tracks or tracks[0].codec_context is None:
            return None
        return Sound(place, tracks[0].codec_context.codec.canonical_name, self._clock.start_s)
