"""`toon-train score`: how near a generator's pictures come to its target domain, on pictures no training saw."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.whole_file import disk_faults, write_whole
from facetoon.training.pictures import batches
from facetoon.training.pictures.images import ImageSet, list_pictures, load_split, read_square
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.score import distances
from facetoon.training.score.translator import Translator

SHEET_ROWS, SHEET_BLOCKS = 8, 2
MOST_PICTURES = 600  # of each domain: more would narrow the intervals little
SHIFTED_PICTURES = 64
TRIED_PICTURES = 16  # by a dry run


@dataclass(frozen=True)
class Pictures:
    """What is translated and what it should look like, uint8 RGB (n, size_px, size_px, 3)."""

    sources: pixels.Image
    targets: pixels.Image


@dataclass(frozen=True)
class Judged:
    """All that is known of one translator's pictures."""

    name: str
    scores: distances.Scores
    shift_levels: float | None = None
    """How far one pixel's shift of the input moves the output, shifted back: mean grey levels."""
    cycle_levels: float | None = None
    """Mean grey levels between a picture and its way there and back."""

    def as_json(self) -> dict[str, Any]:
        """With the normalized distances; what is not a number is null."""
        told = asdict(self.scores)
        for name in distances.MEASURES:
            measure = getattr(self.scores, name)
            told[name]["normalized"] = _number(measure.normalized)
            told[name]["normalized_interval"] = [_number(x) for x in measure.normalized_interval]
        return {"name": self.name, "shift_levels": self.shift_levels, "cycle_levels": self.cycle_levels, **told}


def load_pictures(
    photos: list[str], cartoons: list[str], recipe: Recipe, size_px: int, direction: str, whole: bool = False
) -> Pictures:
    """The test share of both domains, framed as the recipe's training crops are on average.

    `whole` takes all cartoons: of a set of some dozen, a fifth says nothing.
    """
    side_px = round(size_px * batches.MARGIN)
    framed_as = {"photos": "photos", "cartoons": "pairs" if recipe.kind == "pairs" else "cartoons"}
    domains = []
    for domain, given in (("photos", photos), ("cartoons", cartoons)):
        train, test = load_split(given, side_px, recipe.data.test_share)
        parts = [train, test] if whole and domain == "cartoons" else [test]
        crops = [batches.centre_crops(_evenly(part), framed_as[domain], recipe, size_px) for part in parts]
        domains.append(np.concatenate(crops))
    return Pictures(*(domains if direction == "ab" else domains[::-1]))


def _evenly(images: ImageSet) -> pixels.Image:
    """At most MOST_PICTURES, drawn evenly over the sources, always the same ones."""
    queues = [
        list(np.random.default_rng(0).permutation(np.flatnonzero(images.source == s))) for s in set(images.source)
    ]
    rows: list[int] = []
    while len(rows) < MOST_PICTURES and any(queues):
        rows += [queue.pop() for queue in queues if queue]
    return images.images[rows[:MOST_PICTURES]]


def load_fakes(source: str, size_px: int) -> pixels.Image:
    """Pictures that anything has made, uint8 RGB (n, size_px, size_px, 3), from a folder or zip."""
    with ThreadPoolExecutor() as pool:
        return np.stack([i for _, i in pool.map(partial(read_square, side_px=size_px), list_pictures(source))])


def judge(translator: Translator, pictures: Pictures, encode: distances.Encoder) -> tuple[Judged, pixels.Image]:
    """Scores, and a sheet of some sources, what was made of them and, where there is a way back, of those again."""
    sources, made = pictures.sources, translator.draw(pictures.sources)
    moved = translator.draw(np.roll(sources[:SHIFTED_PICTURES], 1, axis=2))[:, :, 2:].astype(np.float32)
    shift = float(np.abs(moved - made[:SHIFTED_PICTURES, :, 1:-1]).mean())
    again = translator.back(made) if translator.back else None
    cycle = None if again is None else float(np.abs(again.astype(np.float32) - sources).mean())
    scores = distances.score(made, pictures.targets, sources, encode)
    return Judged(translator.name, scores, shift, cycle), sheet([x for x in (sources, made, again) if x is not None])


def judge_fakes(
    name: str, made: pixels.Image, pictures: Pictures, encode: distances.Encoder
) -> tuple[Judged, pixels.Image]:
    """Scores and a sheet of pictures made elsewhere, of the size of `pictures`; they need not match its sources."""
    return Judged(name, distances.score(made, pictures.targets, pictures.sources, encode)), sheet([made])


def sheet(columns: list[pixels.Image]) -> pixels.Image:
    """One picture: a row for each of the first pictures, a column for each array, in two blocks side by side."""
    rows = np.array_split(np.arange(min(SHEET_ROWS * SHEET_BLOCKS, *map(len, columns))), SHEET_BLOCKS)
    least = len(rows[-1])
    return np.hstack([np.vstack(list(column[block[:least]])) for block in rows for column in columns])


NAMES = {
    "kid": "KID",
    "frechet": "Frechet distance",
    "swd": "sliced Wasserstein",
    "believed": "taken for source",
}


def table(judged: list[Judged]) -> Iterator[str]:
    """Markdown: each distance with its interval, floor and ceiling, and where between these two it lies."""
    yield "| model | measure | value (95 % interval) | floor (range) | ceiling | normalized (95 % interval) |"
    yield "|---|---|---|---|---|---|"
    for one in judged:
        for key, name in NAMES.items():
            m = getattr(one.scores, key)
            value, floor = _told(m.value, m.interval, ".4g"), _told(m.floor, m.floor_range, ".3g")
            normalized = _told(m.normalized, m.normalized_interval, ".2f")
            yield f"| {one.name} | {name} | {value} | {floor} | {m.ceiling:.4g} | {normalized} |"
        for name, levels in (("1 px shift, grey levels", one.shift_levels), ("there and back", one.cycle_levels)):
            if levels is not None:
                yield f"| {one.name} | {name} | {levels:.2f} | 0 | | |"


def _told(value: float, span: tuple[float, float], form: str) -> str:
    return f"{value:{form}} ({span[0]:{form}} to {span[1]:{form}})"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Question:
    """What `toon-train score` is asked: which pictures, and how they are framed."""

    photos: list[str]
    cartoons: list[str]
    recipe: Recipe
    direction: str = "ab"
    all_cartoons: bool = False

    def pictures(self, size_px: int) -> Pictures:
        """At the size of a generator."""
        return load_pictures(self.photos, self.cartoons, self.recipe, size_px, self.direction, self.all_cartoons)


def score_all(
    question: Question, translators: list[Translator], fakes: list[str], encode: distances.Encoder, out: Path | None
) -> Iterator[str]:
    """Judge each translator and each folder of fakes, write scores.json and sheets into `out`, give the table's lines.

    Fakes have the recipe's size. Raises InputError for pictures that cannot be read or are too few.
    """
    loaded: dict[int, Pictures] = {}
    results = []
    for translator in translators:
        if translator.size_px not in loaded:
            loaded[translator.size_px] = question.pictures(translator.size_px)
        results.append(judge(translator, loaded[translator.size_px], encode))
    size_px = question.recipe.data.size_px
    for folder in fakes:
        pictures = loaded.get(size_px) or question.pictures(size_px)
        results.append(judge_fakes(folder, load_fakes(folder, size_px), pictures, encode))
    if out:
        with disk_faults(out):
            for number, (_, picture) in enumerate(results, 1):
                write_whole(out / f"sheet-{number}.png", pixels.encode_png(picture))
            told = json.dumps([one.as_json() for one, _ in results], indent=2, allow_nan=False) + "\n"
            write_whole(out / "scores.json", told.encode())
    yield from table([one for one, _ in results])
    count = min(one.scores.images for one, _ in results)
    yield f"At least {count} pictures in each set; the ranges of the floors are those of {distances.HALVINGS} halvings."
    if count < distances.FEW_PICTURES:
        yield "That is few: read the intervals, and call different only what they keep apart."


def dry_run(question: Question, translators: list[Translator], encode: distances.Encoder) -> Iterator[str]:
    """Lines that tell how many pictures there are and how long scoring takes here; nothing is written."""
    for translator in translators:
        pictures = question.pictures(translator.size_px)
        some = pictures.sources[:TRIED_PICTURES]
        translator.draw(some), encode(some)  # what starts up is not counted
        times = [time.monotonic()]
        made = translator.draw(some)
        times.append(time.monotonic())
        encode(made)
        times.append(time.monotonic())
        drawing, looking = (b - a for a, b in pairwise(times))
        counts = f"{len(pictures.sources)} sources and {len(pictures.targets)} targets at {translator.size_px} px"
        passes = len(pictures.sources) * (1 + bool(translator.back)) + SHIFTED_PICTURES
        looks = 2 * len(pictures.sources) + len(pictures.targets)
        total = (drawing * passes + looking * looks) / len(some)
        yield f"{translator.name}: {counts}; drawing and encoding take some {total:.0f} s, the distances come on top"
