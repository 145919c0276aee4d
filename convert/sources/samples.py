"""The pictures of a conversion: training pictures for calibration, and unseen test pictures for the scores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facetoon.convert.sources.generator_source import GeneratorSource
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image, Tensor
from facetoon.edge_runtime.sessions.picture_shape import Sides
from facetoon.training.pictures.even_sampling import take_turns
from facetoon.training.pictures.images import ImageSet

HALF = 100  # most pictures of a half, since each half calibrates one more file
EXPOSURE = 0.2
FEWEST = 2  # one for each of two disjoint halves
TURN = 2  # pictures for each style in a turn: one in the style alone, one in a mix
OF_A_STYLE = 10  # fewest test pictures in each pure style, since a mean over all styles would hide a bad one


def _no_styles() -> NDArray[np.float32]:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class Sample:
    """Some square pictures of one split: uint8 RGB (n, side, side, 3), with the generator's shorter side."""

    images: Image
    split_sha256: str
    """`ImageSet.digest` of the whole split."""
    styles: NDArray[np.float32] = field(default_factory=_no_styles)
    """The style of each picture, float32 (n, styles); (0, 0) for a generator without a style input."""
    sides_px: Sides | None = None
    """Height and width of a rectangular generator's tensors; None for a square one."""

    def describe(self) -> dict[str, Any]:
        """Return size and hashes, for spec and report; `sha256` covers pixels and styles in their order."""
        sha256 = hashlib.sha256(self.images.tobytes() + self.styles.tobytes()).hexdigest()
        return {"images": len(self.images), "sha256": sha256, "split_sha256": self.split_sha256}

    def feeds(self) -> Iterator[dict[str, Tensor]]:
        """Yield a model's inputs for each picture, by name, since converters reorder inputs."""
        for row, image in enumerate(self.images):
            tensors: dict[str, Tensor] = {"image": as_input(image[np.newaxis], self.sides_px)}
            if self.styles.size:
                tensors["style"] = self.styles[row : row + 1]
            yield tensors

    def half(self, odd: int) -> Sample:
        """Return every second picture, HALF at most: `odd` 0 and 1 give disjoint sets with the same mix of styles."""
        turns = np.arange(len(self.images)) // max(1, self.styles.shape[1])  # each turn draws every style once
        rows = np.flatnonzero(turns % 2 == odd)[:HALF]
        return replace(self, images=self.images[rows], styles=self.styles[rows] if self.styles.size else self.styles)


def as_input(images: Image, sides_px: Sides | None) -> NDArray[np.float32]:
    """Return uint8 (n, side, side, 3) as float32 -1..1 (n, h, w, 3), in the middle of a rectangle as in sessions."""
    if sides_px and sides_px != images.shape[1:3]:
        images = np.stack([pixels.widen(image, sides_px[1], sides_px[0]) for image in images])
    return pixels.to_unit(images)


def load_samples(source: GeneratorSource, counts: tuple[int, int], seed: int) -> tuple[Sample, Sample]:
    """Load calibration and test sample, at most `counts` pictures each: the largest centred squares at the source size.

    The test sample has at least OF_A_STYLE pictures in each pure style, if need be the same ones in further styles.

    Raises InputError when pictures are missing, or when the training split is not the run's: the test split could then
    hold pictures that the generator was trained on.
    """
    if min(counts) < 1:
        raise InputError(f"Calibration and test need at least one picture each, not {counts[0]} and {counts[1]}.")
    train, test = source.pictures.load(source.size_px)
    if source.pictures.train_sha256 not in (None, train.digest):
        places = " ".join(map(str, source.pictures.sources))
        raise InputError(
            f"The training share of {places} ({len(train)} pictures, {train.digest[:12]}) is not what the run was "
            f"trained on ({str(source.pictures.train_sha256)[:12]}): give the same pictures with --photos."
        )
    width = len(source.styles)
    fewest = OF_A_STYLE * TURN * width
    samples = varied(draw(train, counts[0], seed, width), seed), draw(test, counts[1], seed, width, fewest)
    calibration, test_sample = (replace(sample, sides_px=source.sides_px) for sample in samples)
    return calibration, test_sample


def varied(sample: Sample, seed: int) -> Sample:
    """Mirror half of the pictures, and make half lighter or darker by up to EXPOSURE, as training and cameras do."""
    random = np.random.default_rng(seed)
    is_mirrored, is_lit = random.random((2, len(sample.images))) < 0.5
    gains = np.where(is_lit, random.uniform(1 - EXPOSURE, 1 + EXPOSURE, len(is_lit)), 1).astype(np.float32)
    images = np.where(is_mirrored[:, None, None, None], sample.images[:, :, ::-1], sample.images)
    return replace(sample, images=np.clip(images * gains[:, None, None, None], 0, 255).astype(np.uint8))


def draw(images: ImageSet, count: int, seed: int, styles: int = 0, fewest: int = 0) -> Sample:
    """Draw up to `count` pictures, the same for the same seed, evenly over the sources as far as each one lasts.

    Where that gives fewer than `fewest`, the pictures come again, in further styles.
    """
    random = np.random.default_rng(seed)
    # Reversed, so that older files, whose pictures came from each source's end, stay reproducible.
    once = take_turns(images.source, count, lambda rows: random.permutation(rows)[::-1])
    again = [random.permutation(once) for _ in range(len(once), fewest, len(once))]
    rows = np.concatenate([once, *again])[: max(fewest, len(once))]
    mixes_seed = seed + int(images.digest[:8], 16)  # else both splits would get the same mixes
    return Sample(images.images[rows], images.digest, spread_styles(len(rows), styles, mixes_seed))


def spread_styles(count: int, styles: int, seed: int) -> NDArray[np.float32]:
    """Styles, float32 (count, styles): each trained style alone in turn, then as many mixes evenly from the simplex."""
    if styles == 0:
        return _no_styles()
    random = np.random.default_rng(seed)
    mixes = random.dirichlet(np.ones(styles), count)
    turn = np.arange(count) % (TURN * styles)
    mixes[turn < styles] = np.eye(styles)[turn[turn < styles]]
    return mixes.astype(np.float32)
