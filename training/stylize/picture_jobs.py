"""The files of `toon-train stylize`: the photographs, the path of each result, and groups to paint at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import has_picture_suffix, read_picture
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.pictures.images import list_pictures

WRITTEN = (".png", ".jpg", ".jpeg")
"""Formats of results."""
JPEG_QUALITY = 92


@dataclass(frozen=True)
class PictureJob:
    """One photograph and its result."""

    name: str
    """The photograph's file, for messages."""
    photo: Image
    """RGB uint8 (h, w, 3)."""
    out: Path

    def write(self, image: Image, step: int | None = None) -> None:
        """Write the result, RGB uint8 (h, w, 3), whole or not at all. A `step` goes into the name."""
        path = self.out if step is None else self.out.with_stem(f"{self.out.stem}-step-{step:04d}")
        is_png = path.suffix.lower() == ".png"
        data = pixels.encode_png(image) if is_png else pixels.encode_jpeg(pixels.swap_red_blue(image), JPEG_QUALITY)
        try:
            write_whole(path, data)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}.") from None


def read_picture_at(path: Path, longest_px: int | None) -> Image:
    """Read a picture as RGB uint8 (h, w, 3), scaled to a longer side of `longest_px` if given, transparency as white.

    Raises InputError when it cannot be read.
    """
    return _decoded(read_picture(path), str(path), longest_px)


def list_jobs(sources: list[str], longest_px: int, out: Path) -> list[PictureJob]:
    """List a job for each photograph in files, folders and zip files; `out` is a folder or, for one result, a file.

    Raises InputError, before anything is painted, when two results would have one name or cannot be written.
    """
    photos = [photo for source in sources for photo in _photos(source, longest_px)]
    if out.suffix:
        if out.suffix.lower() not in WRITTEN:
            raise InputError(f"{out} must be a folder or end in {', '.join(WRITTEN)}.")
        if len(photos) > 1:
            raise InputError(f"{len(photos)} photographs do not fit into one file {out}: name a folder.")
    _check_folder(out.parent if out.suffix else out)
    jobs: dict[Path, PictureJob] = {}
    for name, photo in photos:
        target = out if out.suffix else out / f"{Path(name).stem}.png"
        if target in jobs:
            raise InputError(f"{jobs[target].name} and {name} would both become {target}: give them different names.")
        jobs[target] = PictureJob(name, photo, target)
    return list(jobs.values())


def same_shapes(jobs: list[PictureJob], most: int) -> Iterator[list[PictureJob]]:
    """Yield groups of at most `most` jobs whose photographs have one shape."""
    groups: dict[tuple[int, ...], list[PictureJob]] = {}
    for job in jobs:
        groups.setdefault(job.photo.shape, []).append(job)
    for group in groups.values():
        yield from (group[start : start + most] for start in range(0, len(group), most))


def _photos(source: str, longest_px: int) -> Iterator[tuple[str, Image]]:
    if has_picture_suffix(source) and not Path(source).is_dir():
        yield source, read_picture_at(Path(source), longest_px)
        return
    for file in list_pictures(source):
        yield file.name, _decoded(file.read(), file.name, longest_px)


def _decoded(data: bytes, name: str, longest_px: int | None) -> Image:
    image = pixels.decode_image(data, name)
    return pixels.scale_to(image, longest_px) if longest_px else image


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"The folder {folder} cannot be written to.")
