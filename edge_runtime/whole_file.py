"""Writes a file whole or not at all, so that no reader ever sees half of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from facetoon.edge_runtime.errors import InputError

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
    stat = old.stat()
    with suppress(PermissionError):  # only root may give a file away
        os.chown(new, stat.st_uid, stat.st_gid)
    new.chmod(stat.st_mode & 0o7777)


@contextmanager
def disk_faults(out: Path) -> Iterator[None]:
    """Turn a full or forbidden disk, which the user can mend, into an InputError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(
                f"The disk of {out} is full; make room and run the same command again: it continues where it was."
            ) from None
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOTDIR):
            raise InputError(f"{error.filename or out} cannot be written: {error.strerror}.") from None
        raise
