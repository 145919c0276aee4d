"""Plays films, from a file or an address. Each frame carries the time that the container states for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sources.containers import aspect_of, load_av, moving_picture, open_container, to_frame
from facetoon.edge_runtime.sources.sound import Sound

HDR = {16: "PQ", 18: "HLG"}  # transfer characteristics of ITU-T H.273
HIGHEST_RATE_HZ = 240.0  # a higher stated rate is a clock: browsers state 1000/s
TIMEOUT_S = 20.0  # for a film at an address, which may be slow
LONGEST_GAP_S = 3600.0  # a longer step is a fault of the time stamps and no pause


log = logging.getLogger(__name__)


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

    CLOCKS = ("mov", "matroska", "avi", "flv", "asf")
    """Containers that state how long they are; for others FFmpeg guesses."""

    live = False
    unrelated = False
    losses = 0

    def __init__(self, place: Path | str, name: str | None = None) -> None:
        """`place` is a path or an address; `name` is shown instead of it.

        Raises InputError for a film that cannot be read, or that holds no frame.
        """
        self._shown = name or str(place)
        self.name = name or Path(place).name
        address, timeout_s = (place, TIMEOUT_S) if isinstance(place, str) else (f"file:{place}", None)
        try:
            self._container = open_container(address, timeout_s=timeout_s)
        except (OSError, ValueError, load_av().FFmpegError):  # its text would show the address with its password
            raise InputError(f"{self._shown} is not a video that can be read, or it is cut short.") from None
        stream = moving_picture(self._container)
        if stream is None:
            raise InputError(f"{self._shown} is not a video that can be read: it has no moving picture.")
        stated_hz = float(stream.average_rate or 0)
        self.rate_hz = stated_hz if 0 < stated_hz <= HIGHEST_RATE_HZ else 30.0
        self.frames: int | None = stream.frames or None
        self.time_s = 0.0
        self.fault = ""
        self._end_s = 0.0
        self._clock = FilmClock(self.rate_hz)
        self._aspect = aspect_of(stream)
        self._decoded = self._decode(stream)
        self._first = next(self._decoded, None)
        if self._first is None:
            raise InputError(f"{self._shown} is not a video that can be read, or it is empty.")
        self._clock.time_s(self._first.time)
        self.sound = self._sound(place)
        standard = HDR.get(int(self._first.color_trc or 0))
        if standard:
            log.warning(
                "%s is HDR (%s): its colours are taken as they are stored, and look pale.", self._shown, standard
            )

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
        """Yield decoded frames; a damaged packet is passed over. At the end, set `fault` if the film is not whole."""
        av = load_av()
        damaged = 0
        try:
            for packet in self._container.demux():
                if packet.pts is not None and not packet.is_corrupt:
                    end = packet.pts + (packet.duration or 0)
                    self._end_s = max(self._end_s, float(end * packet.time_base))
                if packet.stream is not stream:
                    continue
                try:
                    yield from packet.decode()
                except av.InvalidDataError:
                    damaged += 1
        except (OSError, ValueError, av.FFmpegError) as error:
            self.fault = f"{self._shown} ends early: {getattr(error, 'strerror', None) or 'it is damaged'}."
        else:
            self.fault = self._cut_short()
        if damaged:
            log.warning("%s: %d damaged packets were passed over.", self._shown, damaged)

    def _cut_short(self) -> str:
        """Return a sentence when the film ends before its container says; an empty one otherwise."""
        name = self._container.format.name
        if not self._container.duration or not name.startswith(self.CLOCKS):
            return ""
        stated_s = self._container.duration / 1e6
        if name == "avi":  # FFmpeg shortens the duration of an AVI to what is there, but not its number of frames
            stated_s = max(stated_s, (self.frames or 0) / self.rate_hz)
        end_s = self._end_s - (self._container.start_time or 0) / 1e6
        if end_s > 0.99 * stated_s - 2 / self.rate_hz:
            return ""
        return f"{self._shown} is cut short: {end_s:.2f} of its {stated_s:.2f} s are there."

    def _sound(self, place: Path | str) -> Sound | None:
        tracks = self._container.streams.audio
        if isinstance(place, str) or not tracks or tracks[0].codec_context is None:
            return None
        return Sound(place, tracks[0].codec_context.codec.canonical_name, self._clock.start_s)
