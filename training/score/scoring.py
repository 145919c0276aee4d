"""`toon-train score`: judges generators against their target domain, on pictures that no training saw."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.whole_file import disk_faults, write_whole
from facetoon.training.pictures.images import list_pictures
from facetoon.training.score import measures
from facetoon.training.score.likeness import ColourReference, FaceReference, gradient_energy
from facetoon.training.score.question import Pictures, Question, load_squares
from facetoon.training.score.score_table import Judged, notes, table
from facetoon.training.score.translator import Translator
from facetoon.training.score.vector_nets import VectorNet

SHEET_ROWS = 8
SHIFTED_PICTURES = 64
AT_ONCE = 16  # pictures that lie in memory at a generator's own size
TRIED_PICTURES = 16  # in a dry run


@dataclass(frozen=True)
class Drawn:
    """What a generator made of the pictures."""

    images: pixels.Image
    """uint8 RGB, of the pictures' shape."""
    shift_levels: float | None = None
    """Mean grey levels by which the output changes, shifted back, when the input shifts by one of its own pixels."""
    cycle_levels: float | None = None
    """Mean grey levels between a picture and its copy that both generators translated there and back."""


def drawn_by(translator: Translator, pictures: pixels.Image) -> Drawn:
    """Draw uint8 RGB pictures (n, side, side, 3) at the generator's own size, and bring them back to their side."""
    made, shifts, cycles = [], [], []
    for start in range(0, len(pictures), AT_ONCE):
        fitted = _resized(pictures[start : start + AT_ONCE], translator.size_px)
        drawn = translator.draw(fitted)
        if start < SHIFTED_PICTURES:
            moved = translator.draw(np.roll(fitted, 1, axis=2))
            shifts += [_levels(a[:, 2:], b[:, 1:-1]) for a, b in zip(moved, drawn, strict=True)]
        if translator.back:
            cycles += [_levels(a, b) for a, b in zip(translator.back(drawn), fitted, strict=True)]
        made.append(_resized(drawn, pictures.shape[1]))
    return Drawn(np.concatenate(made), float(np.mean(shifts)), float(np.mean(cycles)) if cycles else None)


def _resized(pictures: pixels.Image, side_px: int) -> pixels.Image:
    return np.stack([pixels.resize(picture, side_px, side_px) for picture in pictures])


def _levels(a: pixels.Image, b: pixels.Image) -> float:
    return float(np.abs(a.astype(np.float32) - b).mean())


class Judge:
    """The real pictures with all that is measured on them once, and the generators' pictures measured against them."""

    def __init__(
        self, pictures: Pictures, encode: measures.Encoder, landmarks: Path | None = None, segments: Path | None = None
    ) -> None:
        """Raises InputError for too few pictures and for files that are no landmark or segment net."""
        self.pictures = pictures
        self._faces = FaceReference(landmarks, pictures.sources) if landmarks else None
        self._colours = ColourReference(segments, pictures.sources) if segments else None
        self._real = measures.RealPictures(pictures.targets, pictures.sources, encode)
        self._energy = gradient_energy(pictures.targets)

    def judge(self, name: str, drawn: Drawn, in_order: bool = True) -> Judged:
        """Measure pictures; unless they are `in_order` of the sources, nothing is compared picture by picture."""
        return Judged(
            name,
            self._real.score(drawn.images),
            gradient_energy(drawn.images) / self._energy,
            self._faces.measure(drawn.images) if self._faces and in_order else None,
            self._colours.measure(drawn.images) if self._colours and in_order else None,
            drawn.shift_levels,
            drawn.cycle_levels,
        )

    def unchanged(self) -> Judged:
        """Measure the sources themselves, as a generator that does nothing would give them."""
        return self.judge("the photographs, unchanged", Drawn(self.pictures.sources, 0.0))


def load_fakes(source: str, size_px: int) -> pixels.Image:
    """Load pictures of any origin from a folder or zip, uint8 RGB (n, size_px, size_px, 3)."""
    return load_squares(list_pictures(source), size_px)


def sheet(columns: Sequence[pixels.Image]) -> pixels.Image:
    """Join uint8 arrays (n, side, side, 3) into one picture: a column for each array, a row for each picture."""
    count = min(SHEET_ROWS, *map(len, columns))
    return np.hstack([np.vstack(list(column[:count])) for column in columns])


@dataclass(frozen=True)
class Judging:
    """How `toon-train score` judges, beside the pictures of its question."""

    encoder: VectorNet
    landmarks: Path | None = None
    segments: Path | None = None
    shown: tuple[str, ...] = ()
    """Sources of photographs for the contact sheet; empty: the first that are judged."""


def score_all(
    question: Question, translators: list[Translator], fakes: list[str], judging: Judging, out: Path | None
) -> Iterator[str]:
    """Judge each translator and each folder of fakes; write scores.json and sheet.png to `out`; yield the table.

    Fakes are resized to the judge's size. Raises InputError for unreadable or too few pictures.
    """
    made = [(folder, load_fakes(folder, question.size_px)) for folder in fakes]
    shown = [file for source in judging.shown for file in list_pictures(source)]
    judge = Judge(question.pictures(), judging.encoder, judging.landmarks, judging.segments)
    sources = judge.pictures.sources
    photos = load_squares(shown[:SHEET_ROWS], question.size_px) if shown else sources[:SHEET_ROWS]
    finished = [judge.judge(name, Drawn(pictures), in_order=False) for name, pictures in made]
    judged, columns = [judge.unchanged()], [photos]
    for translator in translators:
        drawn = drawn_by(translator, sources)
        judged.append(judge.judge(translator.name, drawn))
        columns.append(drawn_by(translator, photos).images if shown else drawn.images[:SHEET_ROWS].copy())
    judged += finished
    if out:
        with disk_faults(out):
            write_whole(out / "sheet.png", pixels.encode_png(sheet(columns)))
            told = {
                "encoder": judging.encoder.name,
                "size_px": question.size_px,
                "sources": len(sources),
                "targets": len(judge.pictures.targets),
                "judged": [one.as_json() for one in judged],
            }
            write_whole(out / "scores.json", json.dumps(told, indent=2, allow_nan=False) + "\n")
    yield from table(judged)
    yield from notes(judging.encoder.name, question.size_px, len(sources), len(judge.pictures.targets))


def dry_run(question: Question, translators: list[Translator], judging: Judging) -> Iterator[str]:
    """Yield lines with the number of pictures and the time of scoring on this machine. Writes nothing."""
    pictures = question.pictures()
    some, count = pictures.sources[:TRIED_PICTURES], len(pictures.sources)
    yield f"{count} sources and {len(pictures.targets)} targets at {question.size_px} px"
    judging.encoder(some)  # starts up, which is not timed
    for translator in translators:
        fitted = _resized(some, translator.size_px)
        translator.draw(fitted[:1])
        times = [time.monotonic()]
        translator.draw(fitted)
        times.append(time.monotonic())
        judging.encoder(some)
        times.append(time.monotonic())
        drawing, looking = (b - a for a, b in pairwise(times))
        passes = count * (1 + bool(translator.back)) + min(count, SHIFTED_PICTURES)
        total = (drawing * passes + looking * (2 * count + len(pictures.targets))) / len(some)
        yield f"{translator.name}: drawing and encoding take about {total:.0f} s"
