"""Loads the pictures that scores compare: photographs that no training saw, and cartoons."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures import batches
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.even_sampling import take_turns
from facetoon.training.pictures.images import ImageSet, PictureFile, list_pictures, load_split, read_square
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
        photos = self._photographs() if self.names else self._held_out("photos", self.photos, False)
        cartoons = self._held_out("cartoons", self.cartoons, self.all_cartoons)
        return Pictures(photos, cartoons) if self.direction == "ab" else Pictures(cartoons, photos)

    def _held_out(self, domain: str, sources: Sequence[DataSource | str], whole: bool) -> pixels.Image:
        train, test = load_split(sources, self._loaded_px, self.recipe.data.test_share)
        crops = [self._framed(self._evenly(part), domain) for part in ([train, test] if whole else [test])]
        return np.concatenate(crops)[: self.most]

    def _photographs(self) -> pixels.Image:
        files = named_files(self.photos, self.names) if self.names else []
        return self._framed(load_squares(files, self._loaded_px), "photos")

    @property
    def _loaded_px(self) -> int:
        return round(self.size_px * batches.MARGIN) if self.framed else self.size_px

    def _framed(self, images: pixels.Image, domain: str) -> pixels.Image:
        if not self.framed:
            return images
        framed_as = "pairs" if domain == "cartoons" and self.recipe.kind == "pairs" else domain
        return batches.centre_crops(images, framed_as, self.recipe, self.size_px)

    def _evenly(self, images: ImageSet) -> pixels.Image:
        """Choose at most `most` pictures, evenly from the sources, and the same in every call."""
        rows = take_turns(images.source, self.most, lambda rows: np.random.default_rng(0).permutation(rows)[::-1])
        return images.images[rows]


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
