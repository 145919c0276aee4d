"""Keeps a slow teacher's cartoons on the disk, so that a run that was killed does not ask for them again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import disk_faults, write_whole
from facetoon.training.drawings.picture_teacher import PictureTeacher

FACELESS = b"no face\n"
"""The content of the file of a photograph that has no cartoon."""


class KeptTeacher(PictureTeacher):
    """A teacher with a memory: one PNG for each photograph, named by the photograph's hash.

    Each file is written whole as soon as it is drawn. A file that a power cut damaged is drawn again.
    """

    def __init__(self, teacher: PictureTeacher, run: Path, worker: int = 0) -> None:
        """Keep the cartoons in a folder of the run directory that belongs to this teacher and worker process."""
        self._teacher = teacher
        self._folder = run / "lesson" / f"{teacher.digest[:16]}-{worker}"
        self.name, self.size_px = teacher.name, teacher.size_px
        self.digest, self.facts, self.shape = teacher.digest, teacher.facts, teacher.shape
        self.keeps_shape = teacher.keeps_shape

    def cartoons(self, photos: Sequence[pixels.Image]) -> Iterator[pixels.Image | None]:
        """See PictureTeacher. The teacher itself draws only photographs that it has not drawn before."""
        files = [self._folder / f"{hashlib.sha256(photo.tobytes()).hexdigest()[:32]}.png" for photo in photos]
        known = [_is_whole(file) for file in files]
        unknown = [photo for photo, is_known in zip(photos, known, strict=True) if not is_known]
        drawn = self._teacher.cartoons(unknown)
        for file, is_known in zip(files, known, strict=True):
            if is_known:
                yield _read(file)
            else:
                cartoon = next(drawn)
                with disk_faults(self._folder):
                    write_whole(file, FACELESS if cartoon is None else pixels.encode_png(cartoon))
                yield cartoon


def _is_whole(file: Path) -> bool:
    try:
        _read(file)
    except (InputError, FileNotFoundError):
        return False
    return True


def _read(file: Path) -> pixels.Image | None:
    data = file.read_bytes()
    return None if data == FACELESS else pixels.decode_image(data, str(file))
