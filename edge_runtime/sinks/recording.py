"""Recordings that survive a kill: fragmented MP4 with H.264, in files of bounded length.

An ordinary MP4 has its index at its end, so a killed process leaves a file that nothing plays. A fragmented MP4 has an
index in every fragment, here each half second. Frames play at their times in the source, whatever rate it states.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.command_line import counted
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sinks.new_files import CreateFile, create_beside, create_next, replace_file
from facetoon.edge_runtime.sinks.sink import FileSink
from facetoon.edge_runtime.sources.containers import load_av
from facetoon.edge_runtime.sources.sound import Sound, SoundCopy
from facetoon.edge_runtime.whole_file import check_room

TICK_S = Fraction(1, 90000)  # the time unit of video containers
FRAGMENT_TICKS = 45000  # half a second
QUALITY = "23"  # x264's default: 0 is lossless, 51 the worst
BT_601 = 6  # the matrix by which BGR becomes YUV here; unstated, players would take another one for large frames

log = logging.getLogger(__name__)


def check_path(path: Path) -> None:
    """Raise InputError unless `path` suits a recording: it ends in .mp4 and its folder exists."""
    if path.suffix.lower() != ".mp4":
        raise InputError(f"A recording is an .mp4 file, which {path} is not.")
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} for the recording does not exist.")


class Recording:
    """One H.264 MP4 file. A kill or a power cut costs the last half second."""

    def __init__(
        self, path: Path, rate_hz: float, sound: Sound | None = None, create: CreateFile = create_beside
    ) -> None:
        """`rate_hz` is a hint for the encoder and the length of the first frame. `sound` is copied from its film.

        The first frame lets `create` create the file. Raises InputError when `path` does not suit, its folder cannot be
        written or PyAV is missing.
        """
        check_path(path)
        check_room(path.parent, "the recording")
        self._av = load_av()
        self._path, self._rate = path, Fraction(min(max(rate_hz, 1), 240)).limit_denominator(1000)
        self._sound, self._create = sound, create
        self._container: Any = None
        self._stream: Any = None
        self._copy: SoundCopy | None = None
        self._file: Any = None
        self._start_s = 0.0
        self._last, self._step = -1, round(1 / self._rate / TICK_S)
        self._fragment_ends = self._whole_bytes = 0
        self._frames = 0
        self._failed = False

    def write(self, frame: Image, time_s: float) -> None:
        """Append one BGR frame of any size; it is fitted into the first frame's size.

        Raises OSError when it cannot be written; after `close` what was written before plays.
        """
        if self._container is None:
            self._begin(frame, time_s)
        try:
            self._append(frame, time_s)
        except (OSError, self._av.FFmpegError) as error:
            self._failed = True
            raise OSError(error.errno, error.strerror) from None

    def _append(self, frame: Image, time_s: float) -> None:
        picture = self._av.VideoFrame.from_ndarray(_sized(frame, self._stream.width, self._stream.height), "bgr24")
        ticks = max(round((time_s - self._start_s) / float(TICK_S)), self._last + 1)
        self._step = ticks - self._last if self._last >= 0 else self._step
        picture.pts = self._last = ticks
        picture.time_base = TICK_S
        begins_fragment = ticks >= self._fragment_ends
        if begins_fragment:
            picture.pict_type = self._av.video.frame.PictureType.I
            self._fragment_ends = ticks + FRAGMENT_TICKS
        self._mux(self._stream.encode(picture))
        self._frames += 1
        if self._copy:
            self._copy.copy_until(float(ticks * TICK_S))
        if begins_fragment:  # its key frame made the muxer write the last fragment
            os.fsync(self._file.fileno())
            self._whole_bytes = self._file.tell()
            self._check_place()

    def _check_place(self) -> None:
        """Raise OSError when the file has left its folder, which no write would report."""
        if not os.path.exists(self._file.name) or not os.path.samestat(
            os.stat(self._file.name), os.fstat(self._file.fileno())
        ):
            raise FileNotFoundError(errno.ENOENT, "the file is gone")

    @property
    def written(self) -> str:
        """See FileSink."""
        return f"{os.path.abspath(self._file.name)} ({counted(self._frames, 'frame')})" if self._frames else ""

    def close(self) -> None:
        """Write the encoder's last frames and the sound under them, and close the file; idempotent.

        Raises OSError when they cannot be written. The file then ends with its last whole fragment.
        """
        if self._container is None:
            return
        container, self._container = self._container, None
        try:
            if self._copy:
                self._copy.copy_until(float((self._last + self._step) * TICK_S))
            self._mux(self._stream.encode(None), container)
            container.close()
        except (OSError, self._av.FFmpegError) as error:
            self._failed = True
            raise OSError(error.errno, error.strerror) from None
        finally:
            if self._failed:
                self._file.truncate(self._whole_bytes)
            if self._copy:
                self._copy.close()
            self._file.close()

    def _mux(self, packets: list[Any], container: Any = None) -> None:
        for packet in packets:
            packet.duration = self._step  # counts for the file's last frame alone: others end where the next begins
            (container or self._container).mux(packet)

    def _begin(self, frame: Image, time_s: float) -> None:
        try:
            self._file = self._create(self._path)  # unbuffered: the kernel gets each fragment when it is written
        except OSError as error:
            raise InputError(f"The recording {self._path} cannot be written: {error.strerror}.") from None
        if Path(self._file.name) != self._path:
            log.warning("%s exists and stays; the recording is %s.", self._path, self._file.name)
        # The header of a Dolby sound is known only with its first packet.
        moov = "delay_moov" if self._sound and self._sound.codec in ("ac3", "eac3") else "empty_moov"
        flags = {"movflags": f"frag_keyframe+{moov}+default_base_moof", "flush_packets": "1"}
        container = self._av.open(self._file, "w", format="mp4", options=flags)
        # No look-ahead and no reordering, so that no frame is in a fragment seconds later.
        options = {"preset": "ultrafast", "tune": "zerolatency", "crf": QUALITY}
        stream = container.add_stream("libx264", rate=self._rate, options=options)
        stream.height, stream.width = max(frame.shape[0] // 2 * 2, 2), max(frame.shape[1] // 2 * 2, 2)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = BT_601
        stream.time_base = stream.codec_context.time_base = TICK_S
        stream.gop_size = max(round(FRAGMENT_TICKS * TICK_S * self._rate), 1)
        stream.thread_count = 1
        self._copy = SoundCopy(self._sound, container, time_s) if self._sound else None
        self._container, self._stream, self._start_s = container, stream, time_s


def _sized(frame: Image, width: int, height: int) -> Image:
    """Bring a frame to an even size: an odd side loses its last column or row, and other sizes are fitted."""
    if (frame.shape[1] // 2 * 2, frame.shape[0] // 2 * 2) == (width, height):
        return frame[:height, :width]
    return pixels.fit(frame, width, height)


class RotatingRecording:
    """Files name-00001.mp4 and so on, each of `minutes`; with `keep`, only the newest stay."""

    def __init__(self, path: Path, minutes: float, keep: int | None, open_file: Callable[[Path], FileSink]) -> None:
        """Numbering continues after the existing files. Only files of this name are ever deleted.

        Raises InputError when the files cannot be created.
        """
        check_path(path)
        self._path, self._keep, self._open_file = path, keep, open_file
        self._length_s, self._start_s = minutes * 60, 0.0
        self._file: FileSink | None = None
        self._done: list[str] = []
        if not (keep and self._files()):  # else an old file makes room
            check_room(path.parent, "the recording")

    def write(self, frame: Image, time_s: float) -> None:
        """Append one frame, to a new file when the current one is full."""
        if self._file is None or time_s - self._start_s >= self._length_s:
            self.close()
            self._file, self._start_s = self._open_file(self._next()), time_s
        self._file.write(frame, time_s)

    def close(self) -> None:
        """Finish the current file; idempotent."""
        if self._file is not None:
            self._file.close()
            self._done.append(self._file.written)
            self._file = None

    @property
    def written(self) -> str:
        """See FileSink; of several files the first and the last."""
        done = [words for words in [*self._done, self._file.written if self._file else ""] if words]
        return " to ".join(done[:1] + done[1:][-1:])

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


def open_recording(
    path: Path,
    rate_hz: float,
    minutes: float | None = None,
    keep: int | None = None,
    sound: Sound | None = None,
    overwrite: bool = False,
) -> FileSink:
    """Open a recording: one file, or with `minutes` several. Raises InputError when it cannot be created.

    An older file stays, and the recording gets a numbered name, unless `overwrite` gives up the older one. The log
    names a `sound` that an MP4 cannot hold.
    """
    if sound and not sound.fits_mp4:
        log.warning("The sound of %s is left out: an MP4 cannot hold %s.", sound.path.name, sound.codec)
        sound = None
    if minutes is None:
        return Recording(path, rate_hz, sound, replace_file if overwrite else create_beside)
    load_av()
    return RotatingRecording(path, minutes, keep, lambda path: Recording(path, rate_hz, sound, create_next))
