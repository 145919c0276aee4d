"""`toon-train score --baseline`: compares style transfer and translators on the same test photographs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from keras import ops

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.whole_file import disk_faults, write_whole
from facetoon.training.networks import perceptual
from facetoon.training.score import measures
from facetoon.training.score.question import Question
from facetoon.training.score.scoring import SHEET_ROWS, sheet
from facetoon.training.score.translator import Translator
from facetoon.training.stylize.style_transfer import StyleTransfer

PICTURES = 64
AT_ONCE = 16  # photographs that style transfer paints together


@dataclass(frozen=True)
class Compared:
    """The scores of one way of drawing, on the photographs that all ways drew."""

    name: str
    kid: measures.Measure
    content: float
    """Relative squared error of VGG's content features between photograph and picture. 0 means no feature changed."""
    style: float
    """Relative squared error of VGG's Gram matrices to the style pictures'. 0 means the same textures."""
    seconds: float
    """Seconds a picture on this machine, in batches of each way's own size."""


def compare(
    question: Question,
    translators: list[Translator],
    painter: StyleTransfer,
    encode: measures.Encoder,
    out: Path | None,
) -> Iterator[str]:
    """Yield a table's lines; write baseline.json and a sheet (photograph, style transfer, translators) to `out`.

    Every way draws the same PICTURES test photographs at the first translator's size. They are resampled for a
    translator of another size.
    """
    size_px = translators[0].size_px
    pictures = replace(question, size_px=size_px).pictures()
    photos = pictures.sources[:PICTURES]
    ways = _drawn_each_way(photos, translators, painter)
    real = measures.RealPictures(pictures.targets, photos, encode)
    compared = [
        Compared(
            name,
            real.score(drawings).kid,
            *_vgg_errors(painter, photos, drawings),
            elapsed_s / len(photos),
        )
        for name, drawings, elapsed_s in ways
    ]
    if out:
        with disk_faults(out):
            columns = [photos, *(drawings for _, drawings, _ in ways)]
            write_whole(out / "baseline.png", pixels.encode_png(sheet(columns)))
            fields = [vars(one) | {"kid": vars(one.kid) | {"normalized": one.kid.normalized}} for one in compared]
            write_whole(out / "baseline.json", json.dumps(fields, indent=2) + "\n")
    yield from _table(compared)
    yield f"{len(photos)} photographs of {size_px} px; the sheet shows the first {SHEET_ROWS}."


def _drawn_each_way(
    photos: pixels.Image, translators: list[Translator], painter: StyleTransfer
) -> list[tuple[str, pixels.Image, float]]:
    """Return (name, pictures of the photographs' shape, seconds) of style transfer and of each translator."""
    started_s = time.perf_counter()
    parts = [painter.paint(photos[i : i + AT_ONCE], progress=False) for i in range(0, len(photos), AT_ONCE)]
    ways = [("style transfer", np.concatenate(parts), time.perf_counter() - started_s)]
    for translator in translators:
        fitted = np.stack([pixels.square(photo, translator.size_px) for photo in photos])
        translator.draw(fitted[:1])  # compiles, which is not timed
        started_s = time.perf_counter()
        drawings = translator.draw(fitted)
        elapsed_s = time.perf_counter() - started_s
        same_size = np.stack([pixels.square(image, photos.shape[1]) for image in drawings])
        ways.append((translator.name, same_size, elapsed_s))
    return ways


def _vgg_errors(painter: StyleTransfer, photos: pixels.Image, drawings: pixels.Image) -> tuple[float, float]:
    """Return the mean errors of content and style, as `Compared` defines them."""
    content, style = [], []
    target = perceptual.style_grams(painter.encoder, painter.styles, painter.shares, painter.layers)
    for start in range(0, len(photos), AT_ONCE):
        photo, drawing = (painter.encoder(pixels.to_unit(x[start : start + AT_ONCE])) for x in (photos, drawings))
        layers = painter.settings.content_layers
        errors = [perceptual.relative_error(drawing[layer], photo[layer]) for layer in layers]
        content.append(ops.convert_to_numpy(sum(errors[1:], errors[0])) / len(layers))
        style.append(ops.convert_to_numpy(perceptual.style_error(drawing, target)))
    return float(np.concatenate(content).mean()), float(np.concatenate(style).mean())


def _table(compared: list[Compared]) -> Iterator[str]:
    yield "| way | KID, normalized (95 % interval) | KID | content error | style error | s a picture |"
    yield "|---|---|---:|---:|---:|---:|"
    for one in compared:
        low, high = one.kid.normalized_interval
        kid = f"{one.kid.normalized:.2f} ({low:.2f} to {high:.2f})"
        yield f"| {one.name} | {kid} | {one.kid.value:.3g} | {one.content:.2f} | {one.style:.3f} | {one.seconds:.4f} |"
