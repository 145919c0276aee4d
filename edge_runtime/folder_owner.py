"""One owner at a time for a folder that a program writes. The lock ends with its process, also after SIGKILL."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from facetoon.edge_runtime.errors import InputError, shown

LOCK = ".owner"
MOST_BYTES = 200  # of the words about the owner


@contextmanager
def owned(folder: Path, lock: str = LOCK) -> Iterator[None]:
    """Own a folder inside the block. A missing folder is made, and removed again if it stays empty.

    `lock` is the path in the folder of the file that is locked and says who the owner is. Raises InputError, which
    names the owner, when it is another process, and when the folder cannot be written.
    """
    is_new, path = not folder.exists(), folder / lock
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = _open_locked(path)
    except BlockingIOError:
        raise InputError(f"{folder} is in use by {_owner(path)}; wait for its end, or choose another folder.") from None
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be written: {error.strerror}.") from None
    try:
        with suppress(OSError):  # the words are a courtesy: on a full disk the lock holds without them
            os.truncate(number, 0)
            os.write(number, _self_description().encode("utf-8", "replace")[:MOST_BYTES])
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(number)
        if is_new:
            with suppress(OSError):  # it is not empty
                folder.rmdir()


def _open_locked(path: Path) -> int:
    """Return the descriptor of the locked file. Raises BlockingIOError when another process has locked it."""
    while True:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):  # the owner before removed it between the two calls
                if os.path.samestat(os.fstat(number), path.stat()):
                    return number
        except BaseException:
            os.close(number)
            raise
        os.close(number)


def _self_description() -> str:
    """Say who this process is. Flags are left out: one of them may be a password."""
    program = Path(sys.argv[0])
    words = [program.parent.name if program.stem == "__main__" else program.name]
    words += [word for word in sys.argv[1:2] if word.isalpha()]
    return f"{' '.join(words)}, process {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M')}"


def _owner(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return shown(file.read(MOST_BYTES).decode("utf-8", "replace")) or "another process"
    except OSError:
        return "another process"
