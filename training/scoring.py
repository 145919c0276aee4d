"""`toon-train score`: how near a generator's pictures come to its target domain, on pictures no training saw."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime import pixels
from edge_runtime.errors import InputError
from training import data, encoder, quality
from training.checkpoint import generator_path, load_generator
from training.config import Recipe
from training.images import ImageSet, load_split
from training.workspace import write_whole

MODEL_FILES = (".tflite", ".onnx")
BATCH = 32
SHEET_ROWS = 8
MOST_PICTURES = 600  # of each domain: more would narrow the intervals little


@dataclass(frozen=True)
class Translator:
    """A generator as pictures see it: uint8 RGB (n, size_px, size_px, 3) to the same."""

    name: str
    size_px: int
    draw: Callable[[pixels.Image], pixels.Image]
    back: Callable[[pixels.Image], pixels.Image] | None = None
    """The reverse direction, where there is one."""


@dataclass(frozen=True)
class Judged:
    """All that is known of one translator's pictures."""

    name: str
    scores: quality.Scores
    shift_levels: float
    """How far one pixel's shift of the input moves the output, shifted back: mean grey levels."""
    cycle_levels: float | None
    """Mean grey levels between a picture and its way there and back."""

    def as_json(self) -> dict[str, Any]:
        """With the normalized distances."""
        told = asdict(self.scores)
        for name in ("kid", "frechet", "swd", "believed"):
            told[name]["normalized"] = getattr(self.scores, name).normalized
        return {"name": self.name, "shift_levels": self.shift_levels, "cycle_levels": self.cycle_levels, **told}


def open_translator(place: Path, direction: str, style: str = "") -> Translator:
    """A run directory, .keras, .tflite or .onnx file; `style` is a mix such as "anime:0.6,comic:0.4".

    Raises InputError when it cannot be loaded, or when it has styles and none is given, or the reverse.
    """
    if place.suffix in MODEL_FILES:
        return _session(place, style)
    model = load_generator(place, direction)
    vector = _style(style, _style_names(place), str(place)) if len(model.inputs) == 2 else None
    if style and vector is None:
        raise InputError(f"{place} has no styles to choose from.")
    reverse = {"ab": "ba", "ba": "ab"}[direction]
    back = None
    if place.is_dir() and (place / f"generator_{reverse}.keras").is_file():
        back = _keras(load_generator(generator_path(place, reverse)), None)
    return Translator(str(place), model.inputs[0].shape[1], _keras(model, vector), back)


def _keras(model: Any, style: np.ndarray | None) -> Callable[[pixels.Image], pixels.Image]:
    def draw(images: pixels.Image) -> pixels.Image:
        parts = []
        for start in range(0, len(images), BATCH):
            part = pixels.to_unit(images[start : start + BATCH])
            given = part if style is None else [part, np.tile(style, (len(part), 1))]
            parts.append(pixels.from_unit(np.asarray(model(given, training=False))))
        return np.concatenate(parts)

    return draw


def _session(place: Path, style: str) -> Translator:
    from edge_runtime.session import open_session

    session = open_session(place)
    if session.styles:
        session.set_style(_style(style, session.styles, str(place)))
    elif style:
        raise InputError(f"{place} has no styles to choose from.")
    return Translator(str(place), session.size_px, lambda images: np.stack([session.run(image) for image in images]))


def _style_names(place: Path) -> tuple[str, ...]:
    config = place / "config.json"
    return tuple(json.loads(config.read_text("utf-8")).get("styles", ())) if config.is_file() else ()


def _style(style: str, names: tuple[str, ...], place: str) -> np.ndarray:
    from edge_runtime.styles import parse_mix, to_vector

    if not style:
        raise InputError(f"{place} draws several styles ({', '.join(names)}): choose one with --style.")
    return to_vector(parse_mix(style, names), names)[0]


@dataclass(frozen=True)
class Pictures:
    """What is translated and what it should look like, uint8 RGB (n, size_px, size_px, 3)."""

    sources: pixels.Image
    targets: pixels.Image


def load_pictures(
    photos: list[str], cartoons: list[str], recipe: Recipe, size_px: int, direction: str, whole: bool = False
) -> Pictures:
    """The test share of both domains, framed as the recipe's training crops are on average.

    `whole` takes all cartoons: of a set of some dozen, a fifth says nothing.
    """
    side_px = round(size_px * data.MARGIN)
    domains = []
    for domain, given in (("photos", photos), ("cartoons", cartoons)):
        train, test = load_split(given, side_px, recipe.data.test_share)
        parts = [train, test] if whole and domain == "cartoons" else [test]
        domains.append(np.concatenate([data.centre_crops(_evenly(p), domain, recipe, size_px) for p in parts]))
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


def judge(translator: Translator, pictures: Pictures, encode: quality.Encoder) -> tuple[Judged, pixels.Image]:
    """Scores, and a sheet of some sources, what was made of them and, where there is a way back, of those again."""
    sources, made = pictures.sources, translator.draw(pictures.sources)
    moved = translator.draw(np.roll(sources[:64], 1, axis=2))[:, :, 2:].astype(np.float32)
    shift = np.abs(moved - made[:64, :, 1:-1]).mean()
    again = translator.back(made) if translator.back else None
    cycle = None if again is None else float(np.abs(again.astype(np.float32) - sources).mean())
    columns = [x[:SHEET_ROWS] for x in (sources, made, again) if x is not None]
    sheet = np.hstack([np.vstack(list(column)) for column in columns])
    scores = quality.score(made, pictures.targets, sources, encode)
    return Judged(translator.name, scores, float(shift), cycle), sheet


def table(judged: list[Judged]) -> Iterator[str]:
    """Markdown: normalized distances, with the raw ones, their intervals, floors and ceilings beneath."""
    yield "| model | measure | value | 95 % interval | floor | ceiling | normalized |"
    yield "|---|---|---|---|---|---|---|"
    names = {"kid": "KID", "frechet": "Frechet distance", "swd": "sliced Wasserstein", "believed": "taken for source"}
    for one in judged:
        for key, name in names.items():
            m = getattr(one.scores, key)
            low, high, value, floor, ceiling = (f"{x:.4g}" for x in (*m.interval, m.value, m.floor, m.ceiling))
            yield f"| {one.name} | {name} | {value} | {low} to {high} | {floor} | {ceiling} | {m.normalized:.2f} |"
    for one in judged:
        cycle = "" if one.cycle_levels is None else f", there and back {one.cycle_levels:.1f} off"
        told = f"a shift of 1 px moves the output by {one.shift_levels:.2f} grey levels{cycle}"
        yield f"{one.name}: {one.scores.images} pictures a set; {told}."


def run_score(
    places: list[Path],
    photos: list[str],
    cartoons: list[str],
    recipe: Recipe,
    direction: str,
    style: str,
    encoder_file: Path | None,
    out: Path | None,
    whole: bool,
) -> Iterator[str]:
    """Judge each place, write scores.json and a sheet of each into `out`, and give the table's lines."""
    encode = encoder.open_encoder(encoder_file or encoder.PACKAGED)
    judged, sheets = [], []
    for place in places:
        translator = open_translator(place, direction, style)
        pictures = load_pictures(photos, cartoons, recipe, translator.size_px, direction, whole)
        one, sheet = judge(translator, pictures, encode)
        judged.append(one)
        sheets.append(sheet)
    if out:
        for number, sheet in enumerate(sheets, 1):
            write_whole(out / f"sheet-{number}.png", pixels.encode_png(sheet))
        told = json.dumps([one.as_json() for one in judged], indent=2) + "\n"
        write_whole(out / "scores.json", told.encode())
    yield from table(judged)
