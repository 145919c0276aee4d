"""The seed's comparison in numbers: style transfer, its fast version and translators, on the same test photographs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.whole_file import disk_faults, write_whole
from facetoon.training.networks import perceptual
from facetoon.training.score import distances
from facetoon.training.score.scoring import SHEET_ROWS, Question, sheet
from facetoon.training.score.translator import Translator
from facetoon.training.stylize.style_transfer import StyleTransfer
from keras import ops

PICTURES = 64
AT_ONCE = 16  # photographs that style transfer paints together


@dataclass(frozen=True)
class Compared:
    """What one way of drawing does to the same photographs."""

    name: str
    kid: distances.Measure
    content: float
    """Relative squared error of VGG's content features between photograph and picture: 0 leaves all features alone."""
    style: float
    """Relative squared error of VGG's Gram matrices to the style pictures': 0 has their textures."""
    seconds: float
    """For a picture, on this machine, in batches as each way likes them."""


def compare(
    question: Question,
    translators: list[Translator],
    painter: StyleTransfer,
    encode: distances.Encoder,
    out: Path | None,
) -> Iterator[str]:
    """Lines of a table; `out` gets baseline.json and a sheet: photograph, style transfer, then each translator.

    Every way draws the same PICTURES test photographs at the first translator's size; others bring them to their own.
    """
    size_px = translators[0].size_px
    pictures = question.pictures(size_px)
    photos = pictures.sources[:PICTURES]
    started_s = time.perf_counter()
    parts = [painter.paint(photos[i : i + AT_ONCE], progress=False) for i in range(0, len(photos), AT_ONCE)]
    ways = [("style transfer", np.concatenate(parts), time.perf_counter() - started_s)]
    for translator in translators:
        fitted = np.stack([pixels.square(photo, translator.size_px) for photo in photos])
        translator.draw(fitted[:1])  # what is compiled once is not counted
        started_s = time.perf_counter()
        made = translator.draw(fitted)
        taken_s = time.perf_counter() - started_s
        ways.append((translator.name, np.stack([pixels.square(image, size_px) for image in made]), taken_s))
    compared = [
        Compared(
            name,
            distances.score(made, pictures.targets, photos, encode).kid,
            *_seen_by_vgg(painter, photos, made),
            taken_s / len(photos),
        )
        for name, made, taken_s in ways
    ]
    if out:
        with disk_faults(out):
            write_whole(out / "baseline.png", pixels.encode_png(sheet([photos, *(made for _, made, _ in ways)])))
            told = [vars(one) | {"kid": vars(one.kid) | {"normalized": one.kid.normalized}} for one in compared]
            write_whole(out / "baseline.json", (json.dumps(told, indent=2) + "\n").encode())
    yield from _table(compared)
    yield f"{len(photos)} photographs of {size_px} px; rows of the sheet are the first {2 * SHEET_ROWS}."


def _seen_by_vgg(painter: StyleTransfer, photos: pixels.Image, made: pixels.Image) -> tuple[float, float]:
    content, style = [], []
    wanted = perceptual.style_grams(painter.encoder, painter.styles, painter.shares, painter.layers)
    for start in range(0, len(photos), AT_ONCE):
        before, after = (painter.encoder(pixels.to_unit(x[start : start + AT_ONCE])) for x in (photos, made))
        layers = painter.settings.content_layers
        errors = [perceptual.relative_error(after[layer], before[layer]) for layer in layers]
        content.append(ops.convert_to_numpy(sum(errors[1:], errors[0])) / len(layers))
        style.append(ops.convert_to_numpy(perceptual.style_error(after, wanted)))
    return float(np.concatenate(content).mean()), float(np.concatenate(style).mean())


def _table(compared: list[Compared]) -> Iterator[str]:
    yield "| way | KID, normalized (95 % interval) | KID | content error | style error | s a picture |"
    yield "|---|---|---:|---:|---:|---:|"
    for one in compared:
        low, high = one.kid.normalized_interval
        kid = f"{one.kid.normalized:.2f} ({low:.2f} to {high:.2f})"
        yield f"| {one.name} | {kid} | {one.kid.value:.3g} | {one.content:.2f} | {one.style:.3f} | {one.seconds:.4f} |"
