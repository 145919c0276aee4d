"""Recordings that survive a kill: fragmented MP4, in files of bounded length.

An ordinary MP4 has its index at its end, so a killed process leaves a file that nothing plays. A fragmented MP4 has an
index in every fragment, here each half second. OpenCV cannot write it; PyAV (the extra `record`) can. Without PyAV,
`sink.RecordingSink` writes ordinary files.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sinks.sink import RecordingSink, Sink, check_path

TICK_S = Fraction(1, 90000)  # the time unit of video containers
FRAGMENT_TICKS = 45000  # half a second
QUALITY = "23"  # x264's default: 0 is lossless, 51 the worst


class FragmentedRecording:
    """One H.264 MP4 file. A kill or a power cut costs the last half second."""

    def __init__(self, path: Path, rate_hz: float, clock: Callable[[], float] | None = None) -> None:
        """With a `clock` (in seconds) frames play at their time of arrival; without it at `rate_hz`, despite drops.

        The first frame creates the file. Raises InputError when the file cannot be created.
        """
        check_path(path)
        self._path, self._rate = path, Fraction(rate_hz).limit_denominator(1000)
        self._container: Any = None
        self._stream: Any = None
        self._file: Any = None
        self._clock, self._start_s = clock, 0.0
        self._number = 0
        self._last = -1
        self._fragment_ends = 0

    def write(self, frame: Image) -> None:
        """Append one BGR frame. An odd side loses its last column or row, since H.264 takes only even sides."""
        import av

        if self._container is None:
            self._begin(frame)
        height, width = frame.shape[0] // 2 * 2, frame.shape[1] // 2 * 2
        picture = av.VideoFrame.from_ndarray(frame[:height, :width], "bgr24")
        picture.pts = self._last = max(self._ticks(), self._last + 1)
        picture.time_base = TICK_S
        self._number += 1
        begins_fragment = self._last >= self._fragment_ends
        if begins_fragment:
            picture.pict_type = av.video.frame.PictureType.I
            self._fragment_ends = self._last + FRAGMENT_TICKS
        self._container.mux(self._stream.encode(picture))
        if begins_fragment:  # its key frame made the muxer write the last fragment
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write the encoder's last frames and close the file; idempotent."""
        if self._container is not None:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._file.close()
            self._container = None

    def _ticks(self) -> int:
        """Return the time of the next frame, in units of TICK_S."""
        if self._clock is None:
            return round(self._number / self._rate / TICK_S)
        self._start_s = self._start_s if self._number else self._clock()
        return round((self._clock() - self._start_s) / float(TICK_S))

    def _begin(self, frame: Image) -> None:
        import av

        try:
            # Unbuffered, so that the kernel gets each fragment as soon as the muxer writes it.
            self._file = open(self._path, "wb", buffering=0)  # noqa: SIM115  # closed by close()
        except OSError as error:
            raise InputError(f"The recording {self._path} cannot be written: {error.strerror}.") from None
        flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
        self._container = av.open(self._file, "w", format="mp4", options=flags)
        # No look-ahead and no reordering, so that no frame is in a fragment seconds later.
        options = {"preset": "ultrafast", "tune": "zerolatency", "crf": QUALITY}
        self._stream = self._container.add_stream("libx264", rate=self._rate, options=options)
        self._stream.height, self._stream.width = frame.shape[0] // 2 * 2, frame.shape[1] // 2 * 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = TICK_S
        self._stream.gop_size = max(round(FRAGMENT_TICKS * TICK_S * self._rate), 1)
        self._stream.thread_count = 1


class RotatingRecording:
    """Files name-00001.mp4 and so on, each of `minutes`; with `keep`, only the newest stay."""

    def __init__(
        self,
        path: Path,
        rate_hz: float,
        minutes: float,
        keep: int | None,
        open_file: Callable[[Path, float], Sink],
    ) -> None:
        """Numbering continues after the existing files. Only files of this name are ever deleted.

        Raises InputError when the files cannot be created.
        """
        check_path(path)
        self._path, self._rate_hz, self._keep, self._open_file = path, rate_hz, keep, open_file
        self._frames_each = max(round(minutes * 60 * rate_hz), 1)
        self._written = 0
        self._file: Sink | None = None

    def write(self, frame: Image) -> None:
        """Append one frame, to a new file when the current one is full."""
        if self._file is None or self._written == self._frames_each:
            self.close()
            self._file, self._written = self._open_file(self._next(), self._rate_hz), 0
        self._file.write(frame)
        self._written += 1

    def close(self) -> None:
        """Finish the current file; idempotent."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _next(self) -> Path:
        """Return the path of the next file, and delete the oldest files to make room for it."""
        files = self._files()
        if self._keep is not None:
            for path in files[: max(len(files) - self._keep + 1, 0)]:
                path.unlink()
        number = int(files[-1].stem[-5:]) + 1 if files else 1
        return self._path.with_name(f"{self._path.stem}-{number:05}{self._path.suffix}")

    def _files(self) -> list[Path]:
        start = self._path.stem + "-"
        return sorted(
            path
            for path in self._path.parent.iterdir()
            if path.suffix == self._path.suffix and path.stem.startswith(start)
            and len(rest := path.stem[len(start) :]) == 5 and rest.isdecimal()
        )  # fmt: skip


def survives() -> bool:
    """Whether a recording survives a kill, which needs PyAV."""
    return importlib.util.find_spec("av") is not None


def open_recording(
    path: Path,
    rate_hz: float,
    minutes: float | None = None,
    keep: int | None = None,
    clock: Callable[[], float] | None = None,
) -> Sink:
    """Open a recording: one file, or with `minutes` several. Raises InputError when it cannot be created."""

    def open_file(path: Path, rate_hz: float) -> Sink:
        return FragmentedRecording(path, rate_hz, clock) if survives() else RecordingSink(path, rate_hz)

    return open_file(path, rate_hz) if minutes is None else RotatingRecording(path, rate_hz, minutes, keep, open_file)
