"""The sound of a film, for its cartoon copy: compressed packets that are copied and never decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.sources.containers import open_container

IN_MP4 = ("aac", "mp3", "opus", "flac", "alac", "ac3", "eac3")
"""Codecs that an MP4 may hold and that players expect there."""


@dataclass(frozen=True)
class Sound:
    """The first sound track of a film file."""

    path: Path
    codec: str
    start_s: float
    """The container's time of the film's first frame, which is time 0 of the frames."""

    @property
    def fits_mp4(self) -> bool:
        """Whether an MP4 may hold it as it is."""
        return self.codec in IN_MP4


class SoundCopy:
    """Copies the packets of a sound track into a recording, up to the time of each frame."""

    def __init__(self, sound: Sound, output: Any, from_s: float) -> None:
        """`output` is a PyAV container; the recording begins at the film's time `from_s`."""
        self._input = open_container(f"file:{sound.path}")
        track = self._input.streams.audio[0]
        self._output, self._stream = output, output.add_stream_from_template(track)
        self._offset = round((sound.start_s + from_s) / track.time_base)
        if from_s > 0:
            self._input.seek(self._offset, stream=track)
        self._packets = self._input.demux(track)
        self._next: Any = next(self._packets, None)
        self._unit_s = float(track.time_base)

    def copy_until(self, time_s: float) -> None:
        """Copy the packets that begin before `time_s` of the recording."""
        while (packet := self._next) is not None and (packet.dts is None or self._begin_s(packet) < time_s):
            self._next = next(self._packets, None)
            if packet.dts is None or packet.pts is None or packet.pts < self._offset:
                continue  # the end mark, or sound before the recording
            packet.pts, packet.dts = packet.pts - self._offset, packet.dts - self._offset
            packet.stream = self._stream
            self._output.mux(packet)

    def close(self) -> None:
        """Close the film."""
        self._input.close()

    def _begin_s(self, packet: Any) -> float:
        return float((packet.dts - self._offset) * self._unit_s)
