"""Reads pictures from folders and zip files, and splits them into training and test pictures by content hash."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import PICTURES, is_picture, pictures_in
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
        """Read the file's bytes. Raises InputError when they cannot be read."""
        try:
            if Path(self.container).is_dir():
                return (Path(self.container) / self.member).read_bytes()
            return _open_zip(self.container, os.stat(self.container).st_mtime_ns).read(self.member)
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
            # RuntimeError: encrypted; NotImplementedError: a compression that Python lacks
            raise InputError(f"{self.name} cannot be read: {error}.") from None


@lru_cache(maxsize=8)
def _open_zip(path: str, changed_ns: int) -> zipfile.ZipFile:
    """Open an archive once for all reads of a process, and again when the file changes. Its lock orders reads."""
    return zipfile.ZipFile(path)


def list_pictures(source: DataSource | str) -> list[PictureFile]:
    """List every picture of a source, sorted by name. Raises InputError when the source is missing or empty."""
    source = as_source(source)
    path = Path(source.path)
    if source.domain:
        layout = list_layout(source.path)
        return [file for part in ("test", "train") for file in layout.get(part + source.domain, [])]
    if path.is_dir():
        files = list(_in_folder(path))
    elif zipfile.is_zipfile(path):
        files = list(_in_zip(path))
    elif path.is_file():
        raise InputError(f"{path} is neither a folder nor a whole zip file; if it is a zip, it is damaged.")
    else:
        raise InputError(f"{path} is neither a folder nor a zip file.")
    kept = [file for file in files if _matches(file.member, source.pattern or "*")]
    if not kept:
        raise InputError(f"{source} holds no pictures ({', '.join(PICTURES)}).")
    return sorted(kept)


def _matches(member: str, pattern: str) -> bool:
    return fnmatch(f"/{member}", f"*/{pattern}") if "/" in pattern else fnmatch(Path(member).name, pattern)


def _in_folder(folder: Path) -> Iterator[PictureFile]:
    for member in pictures_in(folder, deep=True):
        stat = (folder / member).stat()
        yield PictureFile(str(folder), member, stat.st_size, str(stat.st_mtime_ns))


def _in_zip(path: Path) -> Iterator[PictureFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"The zip file {path} cannot be read: {error}.") from None
    for entry in entries:
        if not entry.is_dir() and is_picture(entry.filename):
            yield PictureFile(str(path), entry.filename, entry.file_size, f"{entry.CRC:08x}")
