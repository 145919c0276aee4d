"""`toon-train score`: scores a generator's pictures against its target domain, on pictures that no training saw."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
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
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.even_sampling import take_turns
from facetoon.training.pictures.images import ImageSet, list_pictures, load_split, read_square
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.score import measures
from facetoon.training.score.translator import Translator

SHEET_ROWS, SHEET_BLOCKS = 8, 2
MOST_PICTURES = 600  # of each domain; more would hardly narrow the intervals
SHIFTED_PICTURES = 64
TRIED_PICTURES = 16  # in a dry run


@dataclass(frozen=True)
class Pictures:
    """The pictures to translate and the pictures of the target domain, uint8 RGB (n, size_px, size_px, 3)."""

    sources: pixels.Image
    targets: pixels.Image


@dataclass(frozen=True)
class Judged:
    """The scores of one translator's pictures."""

    name: str
    scores: measures.Scores
    shift_levels: float | None = None
    """Mean grey levels by which the output changes, shifted back, when the input shifts by one pixel."""
    cycle_levels: float | None = None
    """Mean grey levels between a picture and its copy that both generators translated there and back."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields for scores.json with the normalized distances. NaN becomes null."""
        fields = asdict(self.scores)
        for name in measures.MEASURES:
            measure = getattr(self.scores, name)
            fields[name]["normalized"] = _number(measure.normalized)
            fields[name]["normalized_interval"] = [_number(x) for x in measure.normalized_interval]
        return {"name": self.name, "shift_levels": self.shift_levels, "cycle_levels": self.cycle_levels, **fields}


def load_pictures(
    photos: Sequence[DataSource | str],
    cartoons: Sequence[DataSource | str],
    recipe: Recipe,
    size_px: int,
    direction: str,
    whole: bool = False,
) -> Pictures:
    """Load the test share of both domains, framed like the recipe's average training crop.

    `whole` takes all cartoons, for sets of a few dozen, whose test share would be too small.
    """
    side_px = round(size_px * batches.MARGIN)
    framed_as = {"photos": "photos", "cartoons": "pairs" if recipe.kind == "pairs" else "cartoons"}
    domains = []
    for domain, sources in (("photos", photos), ("cartoons", cartoons)):
        train, test = load_split(sources, side_px, recipe.data.test_share)
        parts = [train, test] if whole and domain == "cartoons" else [test]
        crops = [batches.centre_crops(_evenly(part), framed_as[domain], recipe, size_px) for part in parts]
        domains.append(np.concatenate(crops))
    return Pictures(*(domains if direction == "ab" else domains[::-1]))


def _evenly(images: ImageSet) -> pixels.Image:
    """Choose at most MOST_PICTURES pictures, evenly from the sources, and the same in every call."""
    rows = take_turns(images.source, MOST_PICTURES, lambda rows: np.random.default_rng(0).permutation(rows)[::-1])
    return images.images[rows]


def load_fakes(source: str, size_px: int) -> pixels.Image:
    """Load pictures of any origin from a folder or zip, uint8 RGB (n, size_px, size_px, 3)."""
    with ThreadPoolExecutor() as pool:
        return np.stack([i for _, i in pool.map(partial(read_square, side_px=size_px), list_pictures(source))])


def judge(translator: Translator, pictures: Pictures, encode: measures.Encoder) -> tuple[Judged, pixels.Image]:
    """Return scores and a sheet: some sources, their translations and, if there is a way back, the sources again."""
    sources, fakes = pictures.sources, translator.draw(pictures.sources)
    moved = translator.draw(np.roll(sources[:SHIFTED_PICTURES], 1, axis=2))[:, :, 2:].astype(np.float32)
    shift = float(np.abs(moved - fakes[:SHIFTED_PICTURES, :, 1:-1]).mean())
    again = translator.back(fakes) if translator.back else None
    cycle = None if again is None else float(np.abs(again.astype(np.float32) - sources).mean())
    scores = measures.score(fakes, pictures.targets, sources, encode)
    return Judged(translator.name, scores, shift, cycle), sheet([x for x in (sources, fakes, again) if x is not None])


def judge_fakes(
    name: str, made: pixels.Image, pictures: Pictures, encode: measures.Encoder
) -> tuple[Judged, pixels.Image]:
    """Return scores and a sheet of pictures made elsewhere, uint8 RGB of the size of `pictures`, in any order."""
    return Judged(name, measures.score(made, pictures.targets, pictures.sources, encode)), sheet([made])


def sheet(columns: list[pixels.Image]) -> pixels.Image:
    """Join uint8 arrays (n, size, size, 3) into one picture: a column for each array, in two blocks side by side."""
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
    """Yield Markdown lines: each distance with its interval, floor and ceiling, raw and normalized."""
    yield "| model | measure | value (95 % interval) | floor (range) | ceiling | normalized (95 % interval) |"
    yield "|---|---|---|---|---|---|"
    for one in judged:
        for key, name in NAMES.items():
            m = getattr(one.scores, key)
            value, floor = _with_range(m.value, m.interval, ".4g"), _with_range(m.floor, m.floor_range, ".3g")
            normalized = _with_range(m.normalized, m.normalized_interval, ".2f")
            yield f"| {one.name} | {name} | {value} | {floor} | {m.ceiling:.4g} | {normalized} |"
        for name, levels in (("1 px shift, grey levels", one.shift_levels), ("there and back", one.cycle_levels)):
            if levels is not None:
                yield f"| {one.name} | {name} | {levels:.2f} | 0 | | |"


def _with_range(value: float, span: tuple[float, float], form: str) -> str:
    return f"{value:{form}} ({span[0]:{form}} to {span[1]:{form}})"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Question:
    """The pictures that `toon-train score` compares, and their framing."""

    photos: Sequence[DataSource | str]
    cartoons: Sequence[DataSource | str]
    recipe: Recipe
    direction: str = "ab"
    all_cartoons: bool = False

    def pictures(self, size_px: int) -> Pictures:
        """Load the pictures at the size of a generator."""
        return load_pictures(self.photos, self.cartoons, self.recipe, size_px, self.direction, self.all_cartoons)


def score_all(
    question: Question, translators: list[Translator], fakes: list[str], encode: measures.Encoder, out: Path | None
) -> Iterator[str]:
    """Judge each translator and each folder of fakes; write scores.json and sheets to `out`; yield the table's lines.

    Fakes are resized to the recipe's size. Raises InputError for unreadable or too few pictures.
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
            scores = json.dumps([one.as_json() for one, _ in results], indent=2, allow_nan=False) + "\n"
            write_whole(out / "scores.json", scores)
    yield from table([one for one, _ in results])
    count = min(one.scores.images for one, _ in results)
    yield f"At least {count} pictures in each set; each floor's range is over {measures.HALVINGS} halvings."
    if count < measures.FEW_PICTURES:
        yield "These are few pictures: models differ only if their intervals do not overlap."


def dry_run(question: Question, translators: list[Translator], encode: measures.Encoder) -> Iterator[str]:
    """Yield lines with the number of pictures and the time of scoring on this machine. Writes nothing."""
    for translator in translators:
        pictures = question.pictures(translator.size_px)
        some = pictures.sources[:TRIED_PICTURES]
        translator.draw(some), encode(some)  # starts both up, which is not timed
        times = [time.monotonic()]
        fakes = translator.draw(some)
        times.append(time.monotonic())
        encode(fakes)
        times.append(time.monotonic())
        drawing, looking = (b - a for a, b in pairwise(times))
        counts = f"{len(pictures.sources)} sources and {len(pictures.targets)} targets at {translator.size_px} px"
        passes = len(pictures.sources) * (1 + bool(translator.back)) + SHIFTED_PICTURES
        looks = 2 * len(pictures.sources) + len(pictures.targets)
        total = (drawing * passes + looking * looks) / len(some)
        yield f"{translator.name}: {counts}; drawing and encoding take about {total:.0f} s, plus the distances"
