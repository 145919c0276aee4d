"""Keeps photos and recordings in one folder. A file's name says when, in which style, and a key that nobody guesses.

20261128-190455_anime_Zk3vXw9yQ0aT5mB7cD1eFg.jpg opens for everyone who knows the whole name, and for nobody else.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import read_picture
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sources.films import VideoSource
from facetoon.edge_runtime.whole_file import check_room, write_whole

THUMBNAILS = ".thumbnails"
THUMBNAIL_PX = 320
PRUNE_EVERY_S = 60.0
DAY_S = 24 * 3600.0
KINDS = {"jpg": "photo", "webp": "boomerang", "gif": "boomerang", "mp4": "recording"}
NAME = re.compile(
    r"(?P<day>\d{8})-(?P<time>\d{6})_(?P<style>[a-z0-9-]{1,40})_[A-Za-z0-9_-]{22}(-\d+)?\.(?P<suffix>jpg|webp|gif|mp4)"
)
"""The key holds 128 random bits. A number behind it counts the parts of a recording."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keepsake:
    """One file of the album, by what its name says."""

    name: str
    taken: str
    """Local time, ISO 8601 to the second."""
    style: str
    kind: str
    """photo, boomerang or recording."""


class Album:
    """The files of one folder whose names are an album's; all others are left alone. Any thread may use it."""

    def __init__(
        self,
        folder: Path,
        keep_days: int | None = None,
        keep_mb: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Files older than `keep_days` are removed, and above `keep_mb` (10^6 bytes) the oldest.

        Raises InputError when the folder cannot be written or does not exist: a mistyped one would fill in secret.
        """
        if not folder.is_dir():
            raise InputError(f"The folder {folder} for the gallery does not exist.")
        self.folder, self.keep_days, self._keep_mb, self._clock = folder, keep_days, keep_mb, clock
        self._thumbnails = folder / THUMBNAILS
        self._drawing = (
            threading.Lock()
        )  # one thumbnail at a time, so that a page of them leaves the live picture alone
        self._next_prune_s = 0.0
        self._prune()  # may make room
        check_room(folder, "the gallery")

    def new_path(self, style: str, suffix: str) -> Path:
        """Return the path of a new file; `suffix` is one of KINDS."""
        plain = re.sub(r"[^a-z0-9]+", "-", style.lower()).strip("-")[:40] or "style"
        date = time.strftime("%Y%m%d-%H%M%S", time.localtime(self._clock()))
        return self.folder / f"{date}_{plain}_{secrets.token_urlsafe(16)}.{suffix}"

    def add(self, data: bytes, style: str, suffix: str) -> Keepsake:
        """Keep the bytes of a picture file. Raises OSError when the disk does not take them."""
        path = self.new_path(style, suffix)
        write_whole(path, data)
        return self.added(path)

    def added(self, path: Path) -> Keepsake:
        """Return the entry of a file that was just written at a `new_path`, and count it at the next `tend`."""
        self._next_prune_s = 0.0
        return described(path.name)

    def newest_first(self) -> list[Keepsake]:
        """List the album. No file is opened: 5,000 names take some 20 ms."""
        names = [path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name)]
        return [described(name) for name in sorted(names, reverse=True)]

    def path(self, name: str) -> Path | None:
        """Return the path of an entry; None for a name that is none, or is older than the album keeps."""
        path = self.folder / name
        if not NAME.fullmatch(name) or not path.is_file():
            return None
        return None if self._is_old(path.stat().st_mtime) else path

    def remove(self, name: str) -> bool:
        """Remove an entry and its thumbnail; False when there is none."""
        path = self.path(name)
        if path is None:
            return False
        path.unlink(missing_ok=True)
        self._thumbnail_path(name).unlink(missing_ok=True)
        return True

    def thumbnail(self, name: str) -> Path | None:
        """Return a JPEG of at most THUMBNAIL_PX a side, which is drawn once; None where the file shows no picture.

        Of a picture that is higher than wide, such as a strip, it shows the upper square.
        """
        path, small = self.path(name), self._thumbnail_path(name)
        if path is None:
            return None
        with self._drawing:
            if not small.exists():
                try:
                    frame = _first_frame(path)
                    upper = frame[: frame.shape[1]]
                    write_whole(small, pixels.encode_jpeg(pixels.scale_to(upper, THUMBNAIL_PX), 80))
                except (InputError, OSError) as error:
                    log.info("%s has no thumbnail: %s", name, error)
                    return None
        return small

    def tend(self) -> None:
        """Remove what is older or more than the album keeps: after an addition, and once a minute."""
        if self._clock() >= self._next_prune_s:
            self._next_prune_s = self._clock() + PRUNE_EVERY_S
            self._prune()

    def _prune(self) -> None:
        room = float("inf") if self._keep_mb is None else self._keep_mb * 1e6
        kept = set()
        for entry in self.newest_first():
            path = self.folder / entry.name
            with suppress(FileNotFoundError):  # the owner may remove files at any time
                stat = path.stat()
                room -= stat.st_size
                if self._is_old(stat.st_mtime) or room < 0:
                    path.unlink()
                else:
                    kept.add(f"{entry.name}.jpg")
        for small in self._thumbnails.glob("*.jpg"):
            if small.name not in kept:
                small.unlink(missing_ok=True)

    def _is_old(self, modified_s: float) -> bool:
        return self.keep_days is not None and self._clock() - modified_s > self.keep_days * DAY_S

    def _thumbnail_path(self, name: str) -> Path:
        return self._thumbnails / f"{name}.jpg"


def described(name: str) -> Keepsake:
    """Read an entry's name. Raises ValueError for a name that is no album's."""
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name} is no name of an album")
    day, clock = match["day"], match["time"]
    taken = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}"
    return Keepsake(name, taken, match["style"], KINDS[match["suffix"]])


def _first_frame(path: Path) -> Image:
    """Return the first frame of a picture or film, BGR."""
    if path.suffix != ".mp4":
        return pixels.swap_red_blue(pixels.decode_image(read_picture(path), path.name))
    film = VideoSource(path)
    try:
        frame = film.read()
    finally:
        film.close()
    if frame is None:
        raise InputError(f"{path.name} holds no frame.")
    return frame
