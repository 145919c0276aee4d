"""Loads the pictures that scores compare: photographs that no training saw, and cartoons."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures import batches
from facetoon.training.pictures.data_source import DataSource, as_source
from facetoon.training.pictures.even_sampling import take_turns
from facetoon.training.pictures.images import PictureFile, falls_to_test, list_layout, list_pictures, read_square
from facetoon.training.recipes.recipe import Recipe

SIZE_PX = 256


@dataclass(frozen=True)
class Pictures:
    """The pictures to translate and the pictures of the target domain, uint8 RGB (n, size_px, size_px, 3)."""

    sources: pixels.Image
    targets: pixels.Image


@dataclass(frozen=True)
class Question:
    """Which pictures `toon-train score` compares, and at which size."""

    photos: Sequence[DataSource | str]
    cartoons: Sequence[DataSource | str]
    recipe: Recipe
    """Says which share of the pictures is held out from training."""
    framed: bool = False
    """Cut both domains like the recipe's average training crop, instead of their largest centred squares."""
    direction: str = "ab"
    size_px: int = SIZE_PX
    most: int = 600
    """Most pictures of each domain, taken evenly from its sources."""
    all_cartoons: bool = False
    """All cartoons, for sets of a few dozen, whose test share would be too small."""
    names: Path | None = None
    """A text file with the names of the photographs to take, instead of the test share."""

    def pictures(self) -> Pictures:
        """Load the pictures. Raises InputError when a picture, source or name is missing."""
        share = self.recipe.data.test_share
        names = named_files(self.photos, self.names) if self.names else None
        photos = self._load(names or chosen_files(self.photos, share, self.most), "photos")
        cartoons = chosen_files(self.cartoons, None if self.all_cartoons else share, self.most)
        domains = photos, self._load(cartoons, "cartoons")
        return Pictures(*(domains if self.direction == "ab" else domains[::-1]))

    def _load(self, files: Sequence[PictureFile], domain: str) -> pixels.Image:
        if not self.framed:
            return load_squares(files, self.size_px)
        framed_as = "pairs" if domain == "cartoons" and self.recipe.kind == "pairs" else domain
        larger = load_squares(files, round(self.size_px * batches.MARGIN))
        return batches.centre_crops(larger, framed_as, self.recipe, self.size_px)


def chosen_files(sources: Sequence[DataSource | str], test_share: float | None, most: int) -> list[PictureFile]:
    """Choose at most `most` picture files of the test share, or of all where it is None.

    They come evenly from the sources, and are the same in every call. Raises InputError when there are none.
    """
    listed = [list_pictures(source) if test_share is None else _held_out(source, test_share) for source in sources]
    files = [file for of_source in listed for file in of_source]
    if not files:
        raise InputError(f"No picture of {', '.join(map(str, sources))} is in the test share; add pictures.")
    origin = np.repeat(np.arange(len(listed)), [len(of_source) for of_source in listed])
    rows = take_turns(origin, most, lambda rows: np.random.default_rng(0).permutation(rows))
    return [files[row] for row in rows]


def _held_out(source: DataSource | str, test_share: float) -> list[PictureFile]:
    """List the pictures of a source that no training saw: the test folder of a data set, else a share by hash."""
    place = as_source(source)
    if place.domain:
        return list_layout(place.path).get(f"test{place.domain}", [])
    return [file for file in list_pictures(place) if falls_to_test(sha256(file.read()).hexdigest(), test_share)]


def named_files(sources: Sequence[DataSource | str], names: Path) -> list[PictureFile]:
    """Return the pictures of `sources` whose file names stand in the text file. InputError when one is missing."""
    try:
        wanted = dict.fromkeys(names.read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The list of names {names} cannot be read: {error}.") from None
    found = {Path(file.member).name: file for source in sources for file in list_pictures(source)}
    missing = [name for name in wanted if name not in found]
    if missing or not wanted:
        what = f"{len(missing)} pictures that the photographs lack, such as {missing[0]}" if missing else "no picture"
        raise InputError(f"{names} names {what}.")
    return [found[name] for name in wanted]


def load_squares(files: Sequence[PictureFile], size_px: int) -> pixels.Image:
    """Load the largest centred squares of picture files, uint8 RGB (n, size_px, size_px, 3)."""
    with ThreadPoolExecutor() as pool:
        return np.stack([image for _, image in pool.map(partial(read_square, side_px=size_px), files)])
