"""Writes report.html, one self-contained page for people, and report.json for programs."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.picture_files import HIDDEN, NO_ENTRY, NO_PICTURE
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.prepare import domain_gap
from facetoon.training.prepare.selection import Row
from facetoon.training.recipes.parts import PrepareRecipe

TEMPLATES = Path(__file__).parent / "templates"
NAMES = {"A": "Photographs", "B": "Cartoons"}
THUMB_PX, SHEET_COLUMNS, SHEET_ROWS = 80, 12, 3
MEAN_OF = 500  # pictures of a domain in the mean face and in the comparison of domains
PAIRS = 12
BINS = 24
NOT_READ = ("too large", HIDDEN, NO_PICTURE, NO_ENTRY)
"""Reasons to leave a file out unread; it may be a film of many gigabytes."""

ReadKept = Callable[[Row], bytes]


@dataclass(frozen=True)
class Histogram:
    """Counts before and after selection, relative to the highest bar. `least` and `most` have the measure's unit."""

    title: str
    least: str
    most: str
    bars: list[tuple[float, float]]
    """(before, after) for each bin, 0..100."""
    limits: list[float]
    """Positions of thresholds, 0..100 from left to right."""


def write(out: Path, rows: list[Row], settings: PrepareRecipe, read_kept: ReadKept) -> dict[str, Any]:
    """Write both reports into `out` and return the content of report.json. `read_kept` reads a kept row's picture."""
    domains = {d: of for d in NAMES if (of := [row for row in rows if row.record.domain == d])}
    samples = {d: _kept_pictures(of, settings.size_px, read_kept) for d, of in domains.items()}
    both = all(len(samples.get(d, ())) for d in NAMES)
    notes = domain_gap.warnings(samples["A"], samples["B"]) if both else []
    notes += [note for d, of in domains.items() for note in _split_warnings(d, of)]
    facts = {
        "warnings": notes,
        "settings": asdict(settings),
        "domains": {d: _facts(of) for d, of in domains.items()},
    }
    sections = [_section(d, of, settings, samples[d], read_kept) for d, of in domains.items()]
    page = _template().render(warnings=notes, sections=sections, settings=asdict(settings))
    write_whole(out / "report.json", (json.dumps(facts, indent=1) + "\n").encode())
    write_whole(out / "report.html", page.encode("utf-8", "replace"))
    return facts


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.globals["share"] = lambda part, whole: f"{100 * part / max(whole, 1):.1f} %"
    return environment.get_template("prepare.html")


def _facts(rows: list[Row]) -> dict[str, Any]:
    return {
        "files": len({row.record.file for row in rows}),
        "kept": dict(sorted(Counter(row.place for row in rows if row.place).items(), reverse=True)),  # train first
        "not_kept": dict(Counter(row.reason for row in rows if row.reason).most_common()),
        "near_duplicates": [
            {"file": row.record.file.name, "like": row.like, "differing_bits": row.bits}
            for row in rows
            if row.reason == "near-duplicate"
        ],
    }


def _split_warnings(domain: str, rows: list[Row]) -> list[str]:
    places = Counter(row.place for row in rows if row.place)
    return [
        f"{part}{domain} is empty: training needs pictures on both sides of the split."
        for part in ("train", "test")
        if not places[f"{part}{domain}"]
    ]


def _section(
    domain: str, rows: list[Row], settings: PrepareRecipe, sample: Image, read_kept: ReadKept
) -> dict[str, Any]:
    facts = _facts(rows)
    reasons = Counter(row.reason for row in rows if row.reason)
    kept = [row for row in rows if row.place]
    return {
        "name": NAMES[domain],
        "files": facts["files"],
        "kept": facts["kept"],
        "total": len(rows),
        "reasons": reasons.most_common(),
        "histograms": [h for h in _histograms(rows, settings) if h],
        "mean": _data_uri(domain_gap.mean_image(sample)) if len(sample) else "",
        "mean_of": len(sample),
        "kept_sheet": _sheet([_decoded(read_kept, row) for row in _spread(kept, SHEET_COLUMNS * SHEET_ROWS)]),
        "sheets": [
            (reason, count, _sheet([_thumbnail(row) for row in shown]), [row.record.file.member for row in shown])
            for reason, count in reasons.most_common()
            for shown in (_spread(_of(rows, reason), SHEET_COLUMNS),)
        ],
        "pairs": _pairs(rows),
    }


def _of(rows: list[Row], reason: str) -> list[Row]:
    return [row for row in rows if row.reason == reason]


def _spread(rows: list[Row], most: int) -> list[Row]:
    """Choose at most `most` rows, spread evenly in the order of their hashes. The same data give the same rows."""
    ordered = sorted(rows, key=lambda row: (row.record.sha256, row.name))
    return [ordered[i * len(ordered) // most] for i in range(most)] if len(ordered) > most else ordered


def _kept_pictures(rows: list[Row], size_px: int, read_kept: ReadKept) -> Image:
    kept = _spread([row for row in rows if row.place], MEAN_OF)
    pictures = [pixels.square(pixels.decode_image(read_kept(row), row.name), size_px) for row in kept]
    return np.stack(pictures) if pictures else np.zeros((0, size_px, size_px, 3), np.uint8)


def _decoded(read_kept: ReadKept, row: Row) -> Image:
    return pixels.square(pixels.decode_image(read_kept(row), row.name), THUMB_PX)


def _thumbnail(row: Row) -> Image | None:
    """Return the input picture, cut around its face if it has one; None when it is unreadable or too large."""
    try:
        data = b"" if row.reason in NOT_READ else row.record.file.read()
        header = pixels.picture_size(data)
        shrinks = header is not None and header[2] and min(header[:2]) > 8 * THUMB_PX
        image = pixels.decode_image(data, row.record.file.name, 8 if shrinks else 1)
    except InputError:
        return None
    if row.crop is None or row.crop.box is None or not row.record.width_px or max(image.shape) < THUMB_PX:
        return pixels.swap_red_blue(pixels.fit(pixels.swap_red_blue(image), THUMB_PX, THUMB_PX))
    x, y, height, roll = (
        *(value * image.shape[1] / row.record.width_px for value in row.crop.box[:3]),
        row.crop.box[3],
    )
    return pixels.warp(image, Framing(0.6, 0.5).crop_matrix(Face(x, y, height, roll), THUMB_PX), THUMB_PX)


def _sheet(thumbs: Sequence[Image | None]) -> str:
    """Return a contact sheet as a data URI, without pictures that cannot be shown; empty when none is left."""
    shown = [thumb for thumb in thumbs if thumb is not None]
    if not shown:
        return ""
    columns = min(len(shown), SHEET_COLUMNS)
    shown += [np.full((THUMB_PX, THUMB_PX, 3), 255, np.uint8)] * (-len(shown) % columns)
    grid = np.vstack([np.hstack(shown[i : i + columns]) for i in range(0, len(shown), columns)])
    return _data_uri(grid)


def _pairs(rows: list[Row]) -> list[tuple[str, str, str]]:
    """Return (picture of both, kept file, dropped file) for the near-duplicates that differ most."""
    by_name = {row.name: row for row in rows if row.place}
    near = sorted(_of(rows, "near-duplicate"), key=lambda row: (-row.bits, row.name))
    pairs = [(row, by_name[row.like]) for row in near if row.like in by_name][:PAIRS]
    return [
        (_sheet([_thumbnail(kept), _thumbnail(row)]), kept.record.file.member, row.record.file.member)
        for row, kept in pairs
    ]


def _data_uri(image: Image) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(pixels.encode_jpeg(pixels.swap_red_blue(image))).decode()


def _histograms(rows: list[Row], settings: PrepareRecipe) -> list[Histogram | None]:
    s = settings
    unique = {row.record.file: row for row in rows if row.record.width_px}.values()
    kept_files = {row.record.file for row in rows if row.place}
    sizes = [(float(min(r.record.width_px, r.record.height_px)), r.record.file in kept_files) for r in unique]
    faces = [(row.crop.box[2], bool(row.place)) for row in rows if row.crop and row.crop.box]
    has_faces = bool(faces)
    return [
        _histogram("Shorter side, pixels", sizes, [s.min_side_px]),
        _histogram("Height of the face, pixels", faces, [s.min_face_px]) if has_faces else None,
        _histogram("Roll of the face, degrees", _boxed(rows, 3), [-s.max_roll_deg, s.max_roll_deg])
        if has_faces
        else None,
        _histogram("Brightness, grey level", _scored(rows, "brightness"), [s.min_brightness, s.max_brightness]),
        _histogram("Contrast, grey levels", _scored(rows, "contrast"), [s.min_contrast]),
        _histogram("Sharpness", _scored(rows, "sharpness"), [s.min_sharpness] if has_faces else []),
    ]


def _boxed(rows: list[Row], index: int) -> list[tuple[float, bool]]:
    return [(row.crop.box[index], bool(row.place)) for row in rows if row.crop and row.crop.box]


def _scored(rows: list[Row], name: str) -> list[tuple[float, bool]]:
    return [(row.crop.scores[name], bool(row.place)) for row in rows if row.crop and name in row.crop.scores]


def _histogram(title: str, values: list[tuple[float, bool]], limits: list[float]) -> Histogram | None:
    """Return a histogram of (value, kept) pairs. The outermost values count in the outermost bins."""
    if not values:
        return None
    numbers, kept = np.array([v for v, _ in values], float), np.array([k for _, k in values])
    least, most = (float(v) for v in np.percentile(numbers, (0.5, 99.5)))
    shown = [limit for limit in limits if least - (most - least) <= limit <= most + (most - least)]
    least, most = min([least, *shown]), max([most, *shown])
    margin = 0.04 * (most - least) or 1.0  # a limit at the very edge is hard to see
    least, most = least - margin, most + margin
    edges = np.linspace(least, most, BINS + 1)
    counts = [np.histogram(np.clip(part, least, most), edges)[0] for part in (numbers, numbers[kept])]
    top = max(int(counts[0].max()), 1)
    bars = [(100 * int(a) / top, 100 * int(b) / top) for a, b in zip(*counts, strict=True)]
    places = [100 * (limit - least) / (most - least) for limit in shown]
    return Histogram(title, f"{least:.3g}", f"{most:.3g}", bars, places)
