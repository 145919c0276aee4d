"""Tries every kind of source on files that it makes with ffmpeg and OpenCV, and writes the tables of docs/SOURCES.md.

    python docs/figures/try_sources.py

It needs Debian's ffmpeg. A test compares what it says with the document.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sinks.recording import open_recording
from facetoon.edge_runtime.sources.cameras import CameraSource
from facetoon.edge_runtime.sources.source import Source, open_source

DOCUMENT = Path(__file__).parents[1] / "SOURCES.md"
MARK = "<!-- made by docs/figures/try_sources.py -->\n"
FILMS = {
    "MP4, H.264": ("film.mp4", "-c:v libx264"),
    "MP4, H.265": ("film.mp4", "-c:v libx265 -x265-params log-level=0"),
    "MP4, 1 frame a second": ("film.mp4", "-c:v libx264 -vf setpts=N/TB -vsync vfr"),
    "MP4, variable rate, a pause": ("film.mp4", "-c:v libx264 -vf setpts=(N+25*gte(N\\,5))/25/TB -vsync vfr"),
    "MP4, pixels 4:3": ("film.mp4", "-c:v libx264 -vf setsar=4/3"),
    "MP4, 10 bits, HLG": (
        "film.mp4",
        "-c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=0:transfer=arib-std-b67",
    ),
    "MOV, PNG with transparency": ("film.mov", "-pix_fmt rgba -c:v png"),
    "MOV, ProRes": ("film.mov", "-c:v prores_ks"),
    "WebM, VP8": ("film.webm", "-c:v libvpx"),
    "WebM, VP9": ("film.webm", "-c:v libvpx-vp9"),
    "MKV, AV1": ("film.mkv", "-c:v libaom-av1 -cpu-used 8"),
    "MKV, FFV1": ("film.mkv", "-c:v ffv1"),
    "AVI, MPEG-4 part 2": ("film.avi", "-c:v mpeg4"),
    "AVI, MJPEG": ("film.avi", "-c:v mjpeg -pix_fmt yuvj420p"),
    "MPEG-TS, MPEG-2": ("film.ts", "-c:v mpeg2video"),
    "WMV": ("film.wmv", "-c:v wmv2"),
    "FLV": ("film.flv", "-c:v flv1"),
    "3GP, H.263": ("film.3gp", "-c:v h263 -s 176x144"),
    "GIF, animated": ("film.gif", ""),
    "APNG": ("film.png", "-f apng"),
    "WebP, animated": ("film.webp", "-c:v libwebp_anim"),
    "raw H.264": ("film.h264", "-c:v libx264"),
}
SOUNDS = {"AAC": ("mp4", "aac"), "MP3": ("avi", "libmp3lame"), "Opus": ("mkv", "libopus"), "FLAC": ("mkv", "flac"),
          "AC-3": ("ts", "ac3"), "Vorbis": ("mkv", "libvorbis"), "PCM": ("avi", "pcm_s16le")}  # fmt: skip
PICTURES = (".jpg", ".png", ".webp", ".avif", ".tiff", ".bmp", ".gif", ".jp2", ".ppm", ".pgm")
FORMS: dict[str, tuple[Any, int]] = {
    "8 bits": (np.uint8, 3),
    "16 bits": (np.uint16, 3),
    "grey": (np.uint8, 1),
    "transparent": (np.uint8, 4),
}
CAMERAS: dict[str, Callable[[], Any]] = {
    "BGR, 8 bits": lambda: np.full((48, 64, 3), 99, np.uint8),
    "grey": lambda: np.full((48, 64), 99, np.uint8),
    "BGRA": lambda: np.full((48, 64, 4), 99, np.uint8),
    "None": lambda: None,
    "empty": lambda: np.zeros((0, 0, 3), np.uint8),
    "float": lambda: np.zeros((48, 64, 3), np.float32),
    "16 bits": lambda: np.zeros((48, 64, 3), np.uint16),
    "1x1": lambda: np.zeros((1, 1, 3), np.uint8),
    "70000x20": lambda: np.zeros((20, 70000, 3), np.uint8),
    "another size": lambda: np.full((24, 32, 3), 99, np.uint8),
}
ADDRESSES = (
    "rtsp://camera:99999/s",
    "rtsp://user:a#b@camera/s",
    "http://[::1/s",
    "gopher://camera/s",
    "srt://127.0.0.1:1",
)


class FakeCamera:
    """Gives frames of one kind, after a first proper frame."""

    def __init__(self, frame: Callable[[], Any]) -> None:
        self._frames = itertools.chain([CAMERAS["BGR, 8 bits"]], itertools.repeat(frame))

    def isOpened(self) -> bool:
        """See patient.Capture."""
        return True

    def read(self) -> tuple[bool, Any]:
        """See patient.Capture."""
        return True, next(self._frames)()

    def get(self, key: int) -> float:
        """See patient.Capture."""
        return {cv2.CAP_PROP_FRAME_WIDTH: 64.0, cv2.CAP_PROP_FRAME_HEIGHT: 48.0}.get(key, 0.0)

    def release(self) -> None:
        """See patient.Capture."""


class Messages(logging.Handler):
    """Keeps the messages of the log."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        self.texts.append(record.getMessage())


def play(source: Source) -> str:
    """Play a source to its end and describe what came."""
    count, shape = 0, (0, 0, 0)
    while (frame := source.read()) is not None:
        count, shape = count + 1, frame.shape
    source.close()
    return f"{count} frames of {shape[1]}x{shape[0]}, the last at {source.time_s:.2f} s"


def tried(action: Callable[[], str], messages: Messages) -> str:
    """Return what the action says, or the sentence that refuses it, and what the log said meanwhile."""
    messages.texts.clear()
    try:
        said = action()
    except InputError as error:
        said = f"refused: {error}"
    return " ".join([said, *(f"Log: {text}" for text in messages.texts)])


def ffmpeg(flags: str, path: Path) -> Path:
    """Make a file with ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-y", *flags.split(), str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


def try_films(folder: Path, messages: Messages) -> list[tuple[str, str]]:
    """Play ten frames in each container."""
    made = "-f lavfi -i testsrc=size=96x64:rate=25:duration=0.4"
    rows = []
    for what, (name, flags) in FILMS.items():
        path = ffmpeg(
            f"{made.replace('25:duration=0.4', '1:duration=4') if '-r 1' in flags else made} {flags}", folder / name
        )
        rows.append((what, tried(lambda path=path: play(open_source(str(path))), messages)))  # type: ignore[misc]
    whole = ffmpeg(f"{made.replace('0.4', '4')} -c:v mpeg4 -movflags +faststart", folder / "whole.mp4")
    data = whole.read_bytes()
    (folder / "cut.mp4").write_bytes(data[: len(data) // 2])
    source = open_source(str(folder / "cut.mp4"))
    play(source)
    rows.append(("a film that is cut short", "plays what is there; " + source.fault.split(": ")[0] + ", exit status 1"))
    return rows


def try_sounds(folder: Path, messages: Messages) -> list[tuple[str, str]]:
    """Record a film with each kind of sound."""

    def record(path: Path) -> str:
        source = open_source(str(path))
        out = folder / "out.mp4"
        sink = open_recording(out, source.rate_hz, sound=source.sound, overwrite=True)
        while (frame := source.read()) is not None:
            sink.write(frame, source.time_s)
        sink.close()
        copied = open_source(str(out)).sound
        return f"copied as {copied.codec}" if copied else "no sound."

    inputs = "-f lavfi -i testsrc=size=96x64:rate=25:duration=0.4 -f lavfi -i sine=duration=0.4:sample_rate=48000"
    return [
        (what, tried(lambda path=path: record(path), messages))  # type: ignore[misc]
        for what, (ending, codec) in SOUNDS.items()
        for path in [ffmpeg(f"{inputs} -c:v mpeg4 -c:a {codec}", folder / f"sound.{ending}")]
    ]


def try_pictures(folder: Path, messages: Messages) -> list[tuple[str, str]]:
    """Show one picture of each format in each form that OpenCV writes it in."""
    rows = []
    for ending, (form, (depth, channels)) in itertools.product(PICTURES, FORMS.items()):
        path = folder / f"a{ending}"
        path.unlink(missing_ok=True)
        try:
            cv2.imwrite(str(path), np.full((48, 72, channels), np.iinfo(depth).max // 2, depth))
        except cv2.error:
            continue
        if path.exists() and path.stat().st_size:
            rows.append((f"{ending}, {form}", tried(lambda path=path: play(open_source(str(path))), messages)))  # type: ignore[misc]
    heic = folder / "a.heic"
    heic.write_bytes(b"\0\0\0\x18ftypheic" + bytes(60))
    rows.append((".heic", tried(lambda: play(open_source(str(heic))), messages)))
    return rows


def try_cameras(messages: Messages) -> list[tuple[str, str]]:
    """Read two frames of a camera that turns strange after its first."""

    def second(frame: Callable[[], Any]) -> str:
        camera = CameraSource("camera", lambda: FakeCamera(frame), "any", 30)
        camera.read()
        shown = camera.read()
        camera.close()
        return "shown." if shown is not None and shown.min() == shown.max() == 99 else '"no video".'

    return [(what, tried(lambda frame=frame: second(frame), messages)) for what, frame in CAMERAS.items()]  # type: ignore[misc]


def try_addresses(messages: Messages) -> list[tuple[str, str]]:
    """Open addresses that cannot be opened."""
    return [(f"`{a}`", tried(lambda a=a: play(open_source(a)), messages)) for a in ADDRESSES]  # type: ignore[misc]


def tables() -> str:
    """Try everything and return the tables as Markdown."""
    messages = Messages()
    logger = logging.getLogger("facetoon.edge_runtime")
    logger.addHandler(messages)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            parts = {
                "Films": try_films(folder, messages),
                "Sound in recordings": try_sounds(folder, messages),
                "Pictures": try_pictures(folder, messages),
                "Frames of cameras": try_cameras(messages),
                "Addresses that cannot be opened": try_addresses(messages),
            }
    finally:
        logger.removeHandler(messages)
        logger.setLevel(level)
    lines = []
    for heading, rows in parts.items():
        lines += [f"## {heading}", "", "| tried | what happens |", "|---|---|"]
        lines += [f"| {what} | {said.replace(f'{name}/', '').replace('|', '/')} |" for what, said in rows]
        lines.append("")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Write the tables into the document."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args(argv)
    before = DOCUMENT.read_text("utf-8").partition(MARK)[0]
    DOCUMENT.write_text(before + MARK + "\n" + tables(), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
