"""Reads pictures from folders and zip files, and splits them into training and test pictures by content hash."""

from __future__ import annotations

import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError, shown
from facetoon.edge_runtime.picture_files import find_pictures, most_picture_bytes, read_picture, reason_against
from facetoon.training.pictures.data_source import DataSource, as_source


@dataclass(frozen=True)
class ImageSet:
    """Decoded pictures of one domain.

    `images` is uint8 RGB (n, side, side, 3). Aligned pairs are (n, 2, side, side, 3), the photograph first. Photographs
    with their teachers' answers are (n, 1 + teachers, side, side, 3). `source` (n,) numbers the source of each picture.
    `digest` is the SHA-256 of the pictures' sorted hashes, so equal sets have equal digests.
    """

    images: pixels.Image
    source: np.ndarray
    digest: str

    def __len__(self) -> int:
        return len(self.images)


def load_split(sources: Sequence[DataSource | str], side_px: int, test_share: float) -> tuple[ImageSet, ImageSet]:
    """Load training and test pictures of one domain, each as its largest centred square at `side_px`.

    A picture is a test picture when the hash of its bytes falls below `test_share`, so the split stays the same when
    files are added. A data set is split on disk already. Raises InputError when a source is missing or empty, or a
    picture cannot be read.
    """
    places = [as_source(source) for source in sources]
    if len(places) == 1 and places[0].domain:
        return load_dataset(places[0].path, places[0].domain, side_px)
    hashes: list[str] = []
    images: list[pixels.Image] = []
    origin: list[int] = []
    for index, source in enumerate(places):
        with ThreadPoolExecutor() as pool:
            read = list(pool.map(partial(read_square, side_px=side_px), list_pictures(source)))
        hashes += [digest for digest, _ in read]
        images += [image for _, image in read]
        origin += [index] * len(read)
    return split_by_hash(hashes, images, origin, test_share)


def split_by_hash(
    hashes: list[str], images: list[pixels.Image], origin: list[int], test_share: float
) -> tuple[ImageSet, ImageSet]:
    """Split pictures with these hashes and source numbers into training and test set. InputError when one is empty."""
    is_test = np.array([falls_to_test(digest, test_share) for digest in hashes])
    train, test = (
        image_set(hashes, images, origin, np.flatnonzero(is_test == side), name)
        for side, name in ((False, "training"), (True, "test"))
    )
    return train, test


def falls_to_test(digest: str, test_share: float) -> bool:
    """Whether the file with this SHA-256 is a test picture, whatever other files there are."""
    return int(digest[:8], 16) / 2**32 < test_share


ZIP_FAULTS = (
    *(OSError, KeyError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, OverflowError),
    RuntimeError,  # encrypted, or a compression that Python lacks
    ValueError,  # an offset below zero, or a name that is no text
)
LAYOUT = ("trainA", "testA", "trainB", "testB")
"""Folders of a data set: A for photographs, B for cartoons, as in CycleGAN, U-GAT-IT and selfie2anime."""
UNFINISHED = ".prepare/unfinished"
"""A file that marks a data set while `toon-train prepare` works on it."""


def list_layout(dataset: str) -> dict[str, list[PictureFile]]:
    """List the pictures in each folder of LAYOUT, at any depth of a folder or zip file, without empty folders.

    Raises InputError when none of them holds a picture, or when `toon-train prepare` has not finished the data set.
    """
    if (Path(dataset) / UNFINISHED).exists():
        raise InputError(f"{dataset} is not finished: run the same toon-train prepare command again.")
    files: dict[str, list[PictureFile]] = {name: [] for name in LAYOUT}
    for file in list_pictures(DataSource(dataset)):
        folder = next((part for part in file.member.split("/")[:-1] if part in files), None)
        if folder:
            files[folder].append(file)
    if not any(files.values()):
        raise InputError(f"{dataset} has no folder {', '.join(LAYOUT[:-1])} or {LAYOUT[-1]} with pictures.")
    return {name: pictures for name, pictures in files.items() if pictures}


def load_dataset(dataset: str, letter: str, side_px: int) -> tuple[ImageSet, ImageSet]:
    """Load one domain ("A" or "B") of a data set that is split on disk already, as `load_split` does."""
    layout = list_layout(dataset)
    sets = []
    for part in ("train", "test"):
        files = layout.get(part + letter)
        if not files:
            raise InputError(f"{dataset} has no pictures in {part}{letter}.")
        with ThreadPoolExecutor() as pool:
            read = list(pool.map(partial(read_square, side_px=side_px), files))
        hashes, images = [digest for digest, _ in read], [image for _, image in read]
        sets.append(image_set(hashes, images, [0] * len(read), np.arange(len(read)), part))
    return sets[0], sets[1]


def image_set(
    hashes: list[str], images: list[pixels.Image], origin: list[int], rows: np.ndarray, name: str
) -> ImageSet:
    """Return the given rows of all pictures. Raises InputError with the `name` of the share when there are no rows."""
    if not len(rows):
        raise InputError(f"The {name} share of {len(images)} pictures is empty; add pictures or change test_share.")
    digest = hashlib.sha256("".join(sorted(hashes[row] for row in rows)).encode()).hexdigest()
    return ImageSet(np.stack([images[row] for row in rows]), np.array([origin[row] for row in rows]), digest)


def read_square(file: PictureFile, side_px: int) -> tuple[str, pixels.Image]:
    """Return the SHA-256 of a file, and its picture's largest centred square, uint8 RGB (side_px, side_px, 3)."""
    data = file.read()
    return hashlib.sha256(data).hexdigest(), pixels.square(pixels.decode_image(data, file.name), side_px)


@dataclass(frozen=True, order=True)
class PictureFile:
    """A picture in a folder or zip file. It is small, so it can be sent between processes."""

    container: str
    """The folder or zip file."""
    member: str
    """Path within it, with forward slashes."""
    size_bytes: int
    stamp: str
    """Changes when the content does: the modification time in a folder, the CRC in a zip file."""

    @property
    def name(self) -> str:
        """The path for messages."""
        return f"{self.container}/{self.member}"

    def read(self) -> bytes:
        """Read the file's bytes. Raises InputError when they cannot be read, or are more than a picture may have."""
        if Path(self.container).is_dir():
            return read_picture(Path(self.container) / self.member)
        try:
            archive, names = _open_zip(self.container, os.stat(self.container).st_mtime_ns)
            with archive.open(names[self.member]) as member:
                data = member.read(most_picture_bytes() + 1)  # the size that the archive states may be false
        except ZIP_FAULTS as error:
            raise InputError(f"{self.name} cannot be read: {shown(error)}.") from None
        if len(data) > most_picture_bytes():
            raise InputError(f"{self.name} is too large: it may have {most_picture_bytes() / 1e6:g} MB.")
        return data


@lru_cache(maxsize=8)
def _open_zip(path: str, changed_ns: int) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """Open an archive once for all reads of a process, and again when the file changes. Its lock orders reads.

    Returns its entries too, by their names with forward slashes.
    """
    archive = zipfile.ZipFile(path)
    return archive, {_member(entry): entry for entry in archive.infolist()}


def _member(entry: zipfile.ZipInfo) -> str:
    return entry.filename.replace("\\", "/")  # as some programs on Windows write it


def list_pictures(source: DataSource | str) -> list[PictureFile]:
    """List every picture of a source, sorted by name. Raises InputError when the source is missing or empty."""
    source = as_source(source)
    path = Path(source.path)
    if source.domain:
        layout = list_layout(source.path)
        return [file for part in ("test", "train") for file in layout.get(part + source.domain, [])]
    files = _files(path)
    kept = [file for file, reason in files if not reason and _matches(file.member, source.pattern or "*")]
    if not kept:
        counts = Counter(reason or "of another name" for _, reason in files)
        left = ", ".join(f"{count} {reason}" for reason, count in counts.items())
        raise InputError(f"{source} holds no pictures to take ({left or 'it is empty'}).")
    return sorted(kept)  # as text: the batches of a run, and so its resuming, depend on the order


def list_others(source: DataSource | str) -> list[tuple[PictureFile, str]]:
    """List the other files of a source, which are no pictures or hidden, each with the reason why it is not taken."""
    source = as_source(source)
    if source.domain:
        return []
    pattern = source.pattern or "*"
    others = ((file, reason) for file, reason in _files(Path(source.path)) if reason)
    return sorted((file, reason) for file, reason in others if _matches(file.member.rstrip("/"), pattern))


def _files(path: Path) -> list[tuple[PictureFile, str]]:
    """Return all files of a folder or zip file, each with the reason why it is no picture, or an empty text."""
    if path.is_dir():
        return _in_folder(path)
    if zipfile.is_zipfile(path):
        return _in_zip(path)
    if path.is_file():
        raise InputError(f"{path} is neither a folder nor a whole zip file; if it is a zip, it is damaged.")
    raise InputError(f"{path} is neither a folder nor a zip file.")


def _matches(member: str, pattern: str) -> bool:
    return fnmatch(f"/{member}", f"*/{pattern}") if "/" in pattern else fnmatch(Path(member).name, pattern)


def _in_folder(folder: Path) -> list[tuple[PictureFile, str]]:
    found = find_pictures(folder, deep=True)
    files = []
    for member, reason in [*((member, "") for member in found.pictures), *found.others.items()]:
        stat = (folder / member).lstat() if reason else (folder / member).stat()
        files.append((PictureFile(str(folder), member, stat.st_size, str(stat.st_mtime_ns)), reason))
    return files


def _in_zip(path: Path) -> list[tuple[PictureFile, str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except ZIP_FAULTS as error:
        raise InputError(f"The zip file {path} cannot be read: {shown(error)}.") from None
    files: dict[str, tuple[PictureFile, str]] = {}
    for entry in entries:
        member = _member(entry)
        if member.endswith("/"):
            continue
        if member in files:
            raise InputError(f"The zip file {path} holds two files called {member}: rename one of them.")
        reason = reason_against(member)
        files[member] = PictureFile(str(path), member, entry.file_size, f"{entry.CRC:08x}"), reason
    return list(files.values())
