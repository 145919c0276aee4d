"""Measures how two domains differ in framing and colour. A generator would learn these differences with the style."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.pixels import Image

SIDE_PX = 64
FRAMING_SCALE = 0.12  # relative difference of face sizes that is worth a warning
FRAMING_SHIFT = 0.06  # of the picture's side
COLOUR_LEVELS = 18.0  # grey levels between the means of a channel, or of the brightness
SLACK = 0.03
LEAST_AGREEMENT = 0.3  # below this correlation of the mean faces their sizes cannot be compared


@dataclass(frozen=True)
class FramingGap:
    """The cartoons' mean face compared with the photographs' mean face."""

    scale: float
    """Size of the cartoons' faces divided by the size of the photographs' faces."""
    down: float
    """How much lower the cartoons' faces sit, as a share of the side."""
    agreement: float
    """Correlation of the two mean faces after matching. If it is low, the other values are a guess."""


def mean_image(images: Image) -> Image:
    """Return the mean picture, uint8 (side, side, 3), of pictures (n, side, side, 3)."""
    return np.rint(images.mean(0, dtype=np.float64)).astype(np.uint8)


def framing_gap(photos: Image, cartoons: Image) -> FramingGap:
    """Match two mean faces, uint8 (side, side, 3) RGB, by size and height; both have dark eyes, mouth and hair.

    The optimum is flat and tends to too large changes, so the smallest change among the nearly best matches counts.
    """
    photo, cartoon = (_grey(image) for image in (photos, cartoons))
    matches = [
        FramingGap(scale, down, _agreement(photo, cartoon, scale, down))
        for scale in np.round(np.arange(0.6, 1.61, 0.04), 2).tolist()
        for down in np.round(np.arange(-0.24, 0.25, 0.02), 2).tolist()
    ]
    best = max(match.agreement for match in matches)
    nearly = [match for match in matches if match.agreement > best - SLACK]
    return min(nearly, key=lambda match: abs(np.log(match.scale)) + abs(match.down))


def _grey(image: Image) -> Image:
    return pixels.to_grey(pixels.swap_red_blue(pixels.resize(image, SIDE_PX, SIDE_PX)), SIDE_PX)[0]


def _agreement(photo: Image, cartoon: Image, scale: float, down: float) -> float:
    """Return the correlation over the inner face, with the cartoon resampled to the photograph's framing."""
    middle = SIDE_PX / 2 - 0.5
    offset = middle - scale * middle
    matrix = np.array([[scale, 0, offset], [0, scale, offset + down * SIDE_PX]], np.float32)
    moved = pixels.warp(cartoon, matrix, SIDE_PX)
    inner = (slice(14, 58), slice(14, 50))
    return _correlation(photo[inner].astype(np.float32), moved[inner].astype(np.float32))


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))


def warnings(photos: Image, cartoons: Image) -> list[str]:
    """Return sentences about differences between photographs and cartoons, uint8 (n, side, side, 3) RGB."""
    mean_a, mean_b = mean_image(photos), mean_image(cartoons)
    return _framing_warnings(framing_gap(mean_a, mean_b)) + _colour_warnings(mean_a, mean_b)


def _framing_warnings(gap: FramingGap) -> list[str]:
    if gap.agreement < LEAST_AGREEMENT:
        return ["The mean faces are too unlike to compare the framing of the domains; see them below."]
    sentences = []
    if abs(gap.scale - 1) > FRAMING_SCALE:
        size = "larger" if gap.scale > 1 else "smaller"
        sentences.append(
            f"Faces in the cartoons seem {size} than in the photographs: compare the mean faces below, and match them "
            "with data.cartoon_zoom and data.photo_zoom in the recipe, or the generator learns to zoom."
        )
    if abs(gap.down) > FRAMING_SHIFT:
        where = "lower" if gap.down > 0 else "higher"
        sentences.append(
            f"Faces in the cartoons seem to sit {where} than in the photographs: compare the mean faces below, and see "
            "data.cartoon_centre_y in the recipe."
        )
    return sentences


def _colour_warnings(mean_a: Image, mean_b: Image) -> list[str]:
    a, b = (mean.reshape(-1, 3).mean(0) for mean in (mean_a, mean_b))
    sentences = []
    if abs(b.mean() - a.mean()) > COLOUR_LEVELS:
        light = "brighter" if b.mean() > a.mean() else "darker"
        sentences.append(
            f"The cartoons are {light} than the photographs by {abs(b.mean() - a.mean()):.0f} of 255 grey levels on "
            "average: the generator will shift brightness too."
        )
    cast = (b - b.mean()) - (a - a.mean())
    channel = int(np.abs(cast).argmax())
    if abs(cast[channel]) > COLOUR_LEVELS / 2:
        more = "more" if cast[channel] > 0 else "less"
        sentences.append(
            f"The cartoons hold {more} {('red', 'green', 'blue')[channel]} than the photographs, by "
            f"{abs(cast[channel]):.0f} grey levels, brightness aside: data.photo_colour_jitter and loss.colour_weight "
            "keep the generator from tinting skin and hair."
        )
    return sentences
