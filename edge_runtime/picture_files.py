"""Finds picture files, for training and for the device alike.

`pixels.decode_image` decodes them.
"""

from __future__ import annotations

from pathlib import Path, PurePath, PurePosixPath

from facetoon.edge_runtime.errors import InputError

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
"""Suffixes that training reads."""
FRAMES = (*PICTURES, ".bmp")
"""Suffixes that the device plays. Training does not read .bmp: it would change the hashes of existing data sets."""


def has_picture_suffix(path: str | PurePath, suffixes: tuple[str, ...] = PICTURES) -> bool:
    """Whether a file has a picture's suffix, in any case."""
    return PurePosixPath(path).suffix.lower() in suffixes


def is_picture(member: str, suffixes: tuple[str, ...] = PICTURES) -> bool:
    """Whether a file in a folder or archive is a picture; `member` is its path there, with forward slashes.

    Hidden files are not: `._a.jpg` is a resource fork of macOS, and `.partial-a.jpg` is still being written.
    """
    path = PurePosixPath(member)
    return has_picture_suffix(path, suffixes) and not any(part.startswith(".") for part in path.parts)


def pictures_in(folder: Path, suffixes: tuple[str, ...] = PICTURES, *, deep: bool) -> list[str]:
    """List the pictures of a folder, with `deep` of its subfolders too, as paths below it with forward slashes.

    They are sorted as text, so that every machine and run has the same order. Links to folders are not followed.
    """
    files = (path for path in (folder.rglob("*") if deep else folder.iterdir()) if path.is_file())
    members = (path.relative_to(folder).as_posix() for path in files)
    return sorted(member for member in members if is_picture(member, suffixes))


def read_picture(path: Path) -> bytes:
    """Read the bytes of a picture file. Raises InputError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"The picture {path} cannot be read: {error.strerror}.") from None
