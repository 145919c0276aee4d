"""Loads aligned pairs of a photograph and its cartoon, matched by file name and split by content hash."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.images import (
    ImageSet,
    PictureFile,
    list_pictures,
    read_square,
    split_by_hash,
)
from facetoon.training.recipes.parts import PairsRecipe


def load_pairs(
    sources: Sequence[DataSource | str], side_px: int, test_share: float, pairs: PairsRecipe
) -> tuple[ImageSet, ImageSet]:
    """Load training and test pairs, `images` uint8 (n, 2, side_px, side_px, 3), as their largest centred squares.

    The photograph's hash decides between training and test, so a photograph with two cartoons is never on both sides.
    Raises InputError when a source is missing or holds no pair, or a picture cannot be read.
    """
    files = [(index, pair) for index, source in enumerate(sources) for pair in list_pairs(source, pairs)]
    with ThreadPoolExecutor() as pool:
        read = list(pool.map(lambda item: [read_square(file, side_px) for file in item[1]], files))
    hashes = [photo[0] + cartoon[0] for photo, cartoon in read]
    images = [np.stack([photo[1], cartoon[1]]) for photo, cartoon in read]
    return split_by_hash(hashes, images, [index for index, _ in files], test_share)


def list_pairs(source: DataSource | str, pairs: PairsRecipe) -> list[tuple[PictureFile, PictureFile]]:
    """List (photograph, cartoon) for any two files of a folder whose names differ only in the recipe's suffixes."""
    pictures: dict[tuple[str, str], PictureFile] = {}
    for file in list_pictures(source):
        path = PurePosixPath(file.member)
        pictures[str(path.parent), path.stem] = file
    matched = []
    for (folder, stem), photo in pictures.items():
        name = stem.removesuffix(pairs.photo_suffix)
        cartoon = pictures.get((folder, name + pairs.cartoon_suffix))
        if stem.endswith(pairs.photo_suffix) and cartoon not in (None, photo):
            matched.append((photo, cartoon))
    if not matched:
        raise InputError(
            f"{source} holds no pairs of NAME{pairs.photo_suffix} and NAME{pairs.cartoon_suffix} in one folder."
        )
    return matched
