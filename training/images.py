"""Pictures from folders and zip files, read once, split by content hash."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import numpy as np

from edge_runtime import pixels
from edge_runtime.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True)
class ImageSet:
    """Decoded pictures of one domain.

    `images` is uint8 RGB (n, side, side, 3); `source` (n,) says which of the given sources each came from;
    `digest` is the SHA-256 over the pictures' own hashes, so equal sets have equal digests.
    """

    images: pixels.Image
    source: np.ndarray
    digest: str

    def __len__(self) -> int:
        return len(self.images)


def load_split(sources: list[str], side_px: int, test_share: float) -> tuple[ImageSet, ImageSet]:
    """Train and test pictures of one domain, each the largest centred square at `side_px`.

    A source is a folder or zip file, with an optional pattern for the file name: `faces.zip#lfw_*`. A picture belongs
    to the test set when the hash of its bytes falls below `test_share`: the split is stable when files are added.
    Raises InputError when a source is missing or empty, or a picture cannot be read.
    """
    hashes: list[str] = []
    images: list[pixels.Image] = []
    origin: list[int] = []
    for index, source in enumerate(sources):
        with ThreadPoolExecutor() as pool:
            read = list(pool.map(partial(_read, side_px=side_px), _files(source)))
        hashes += [digest for digest, _ in read]
        images += [image for _, image in read]
        origin += [index] * len(read)
    is_test = np.array([int(digest[:8], 16) / 2**32 < test_share for digest in hashes])
    return tuple(  # type: ignore[return-value]
        _image_set(hashes, images, origin, np.flatnonzero(is_test == wanted), name)
        for wanted, name in ((False, "training"), (True, "test"))
    )


def _image_set(
    hashes: list[str], images: list[pixels.Image], origin: list[int], rows: np.ndarray, name: str
) -> ImageSet:
    if not len(rows):
        raise InputError(f"The {name} share of {len(images)} pictures is empty; add pictures or change test_share.")
    digest = hashlib.sha256("".join(sorted(hashes[row] for row in rows)).encode()).hexdigest()
    return ImageSet(np.stack([images[row] for row in rows]), np.array([origin[row] for row in rows]), digest)


def _read(file: tuple[str, Callable[[], bytes]], side_px: int) -> tuple[str, pixels.Image]:
    name, read = file
    data = read()
    return hashlib.sha256(data).hexdigest(), pixels.square(pixels.decode_image(data, name), side_px)


def _files(source: str) -> list[tuple[str, Callable[[], bytes]]]:
    """(name, reader) for every picture of a source, sorted by name."""
    place, _, pattern = source.partition("#")
    path = Path(place)
    if path.is_dir():
        found = [(str(p), p.read_bytes) for p in sorted(path.rglob("*"))]
    elif zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)  # stays open for the readers; closed with them
        found = [(name, partial(archive.read, name)) for name in sorted(archive.namelist())]
    else:
        raise InputError(f"{place} is neither a folder nor a zip file.")
    kept = [(n, r) for n, r in found if n.lower().endswith(SUFFIXES) and fnmatch(Path(n).name, pattern or "*")]
    if not kept:
        raise InputError(f"{source} holds no pictures ({', '.join(SUFFIXES)}).")
    return kept
