"""Finds and reads picture files, for training and for the device alike, and limits their size.

`pixels.decode_image` decodes them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import read_bounded

MOST_MEGAPIXELS = 100  # decoded they fill 300 MB; a file of 100 kB may claim 900 megapixels
LIMIT_FLAG = "--max-megapixels"
LIMIT_VARIABLE = "FACETOON_MAX_MEGAPIXELS"
OPENCV_LIMIT_VARIABLE = "OPENCV_IO_MAX_IMAGE_PIXELS"
"""OpenCV reads it when it is first imported, and then refuses larger pictures of every format itself."""
PIXEL_BYTES = 3  # of a picture file for each pixel that is allowed; only an uncompressed one comes near
PICTURES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".jp2"),
    *(".avif", ".heic", ".heif", ".hif", ".ppm", ".pgm", ".pbm", ".pnm"),
)
"""Suffixes of pictures. OpenCV decodes them but for HEIC, which without pillow-heif is named with its reason."""
SERVICE_FOLDERS = ("@eaDir", "#recycle", "$RECYCLE.BIN", "__MACOSX", "System Volume Information", "lost+found")
"""Folders that storage devices and systems make for themselves."""

HIDDEN, NO_PICTURE, NO_ENTRY = "hidden", "no picture file", "cannot be opened"


@dataclass
class Found:
    """The files of a folder or archive, as paths below it with forward slashes."""

    pictures: list[str] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    """The reason why each other file, or hidden folder, is not taken."""

    def add(self, member: str) -> None:
        """Add a file by its name."""
        reason = reason_against(member)
        if reason:
            self.others[member] = reason
        else:
            self.pictures.append(member)


def has_picture_suffix(path: str | PurePath) -> bool:
    """Whether a file has a picture's suffix, in any case."""
    return PurePosixPath(path).suffix.lower() in PICTURES


def reason_against(member: str) -> str:
    """Return why a file in a folder or archive is no picture, by its path there; empty if it is one.

    Hidden files are none: `._a.jpg` is a resource fork of macOS, and `.partial-a.jpg` is still being written.
    """
    parts = PurePosixPath(member).parts
    if any(_is_hidden(part) for part in parts):
        return HIDDEN
    return "" if has_picture_suffix(member) else NO_PICTURE


def in_order(member: str) -> list[tuple[int, int, str]]:
    """Return a sort key that puts frame2 before frame10."""
    parts = re.split(r"([0-9]+)", member)
    return [(1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts]


def find_pictures(folder: Path, *, deep: bool) -> Found:
    """Find the pictures of a folder, with `deep` of its subfolders too, in the order of `in_order`.

    Links are followed, but no folder is entered twice: first all real folders, then those behind links.
    """
    found, links, entered = Found(), list[Path](), set[tuple[int, int]]()
    _walk(folder, folder, found, links, entered, deep)
    while links:
        _walk(links.pop(0), folder, found, links, entered, deep)
    found.pictures.sort(key=in_order)
    return found


def read_picture(path: Path) -> bytes:
    """Read the bytes of a picture file. Raises InputError when it cannot be read, or exceeds `most_picture_bytes`."""
    return read_bounded(path, most_picture_bytes(), "The picture")


def allow_megapixels(megapixels: int | None) -> None:
    """Set the limit of pictures for this process and its children. None leaves the variable, or MOST_MEGAPIXELS.

    Call it before OpenCV is imported. Raises InputError when the variable holds no number.
    """
    if megapixels is not None:
        os.environ[LIMIT_VARIABLE] = str(megapixels)
    os.environ[OPENCV_LIMIT_VARIABLE] = str(most_pixels())


def most_pixels() -> int:
    """Return the most pixels of a picture. Raises InputError when the variable holds no number."""
    text = os.environ.get(LIMIT_VARIABLE, str(MOST_MEGAPIXELS))
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text)):
        raise InputError(f"{LIMIT_VARIABLE} is {text[:40]!r}; it takes a number of megapixels from 1 to 99999.")
    return int(text) * 1_000_000


def most_picture_bytes() -> int:
    """Return the most bytes of a picture file."""
    return PIXEL_BYTES * most_pixels()


def _walk(folder: Path, top: Path, found: Found, links: list[Path], entered: set[tuple[int, int]], deep: bool) -> None:
    try:
        stat = folder.stat()
        if (stat.st_dev, stat.st_ino) in entered:
            return
        entered.add((stat.st_dev, stat.st_ino))
        entries = sorted(os.scandir(folder), key=lambda entry: in_order(entry.name))
    except OSError:
        found.others[folder.relative_to(top).as_posix()] = NO_ENTRY
        return
    for entry in entries:
        path = folder / entry.name
        if not entry.is_dir():
            _add_file(path, top, found)
        elif _is_hidden(entry.name):
            found.others[f"{path.relative_to(top).as_posix()}/"] = HIDDEN
        elif deep and entry.is_symlink():
            links.append(path)
        elif deep:
            _walk(path, top, found, links, entered, deep)


def _add_file(path: Path, top: Path, found: Found) -> None:
    member = path.relative_to(top).as_posix()
    if path.is_file():
        found.add(member)
    else:
        found.others[member] = NO_ENTRY  # a link that leads nowhere, a socket


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in SERVICE_FOLDERS
