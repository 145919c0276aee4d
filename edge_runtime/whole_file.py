"""Writes a file whole or not at all, so that no reader ever sees half of it, and reads one of bounded size."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from facetoon.edge_runtime.errors import InputError

FORBIDDEN = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EFBIG),
    *(errno.ELOOP, errno.EIO),
)
"""Errors of a file system that the user can mend, beside those of FULL."""
FULL = (errno.ENOSPC, errno.EDQUOT)
ROOM_BYTES = 1_000_000  # with less, a disk counts as full
PARTIAL = ".partial-"  # before the name, since Keras and OpenCV choose the format by the suffix


def write_whole(path: Path, content: bytes | str) -> None:
    """Write bytes, or text as UTF-8, to `path`, and make its folder. A link stays a link to its file."""
    with replacing(path) as partial:
        partial.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to. On success its file replaces `path`; on failure it is removed.

    The owner and rights of an older file stay, since it may hold a secret.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(PARTIAL + target.name)
    try:
        yield partial
        if target.exists():
            _copy_rights(target, partial)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _copy_rights(old: Path, new: Path) -> None:
    facts = old.stat()
    with suppress(PermissionError):  # only root may give a file away
        os.chown(new, facts.st_uid, facts.st_gid)
    new.chmod(facts.st_mode & 0o7777)


def check_room(folder: Path, purpose: str) -> None:
    """Write a file without a name into `folder`, or where it would be made; `purpose` is such as "the recording".

    Raises InputError when the folder is forbidden, read-only or full, so that the user hears it before the work.
    """
    try:
        place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(ROOM_BYTES))
            file.flush()
    except OSError as error:
        raise InputError(f"The folder {folder} for {purpose} cannot be written: {error.strerror}.") from None


def read_bounded(path: Path, most_bytes: int, what: str) -> bytes:
    """Read a regular file of at most `most_bytes`; `what`, such as "The model", begins each error's sentence.

    Raises InputError when it cannot be read, is larger, or is no regular file: reading a named pipe might never end.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{what} {path} cannot be read: it is no regular file.")
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise InputError(f"{what} {path} cannot be read: {error.strerror}.") from None
    if len(data) > most_bytes:
        raise InputError(f"{what} {path} is too large: it may have {most_bytes / 1e6:g} MB.")
    return data


@contextmanager
def disk_faults(out: Path) -> Iterator[None]:
    """Turn a full or forbidden disk, which the user can mend, into an InputError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise InputError(
                f"The disk of {out} is full; make room and run the same command again: it continues where it was."
            ) from None
        if error.errno in FORBIDDEN:
            raise InputError(f"{error.filename or out} cannot be written: {error.strerror}.") from None
        raise
