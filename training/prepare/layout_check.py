"""`toon-train prepare --check`: reports pictures of an existing trainA/trainB/testA/testB that prepare would drop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from facetoon.edge_runtime.whole_file import disk_faults
from facetoon.training.pictures.images import PictureFile, list_layout
from facetoon.training.prepare import manifest, prepare_report
from facetoon.training.prepare.crop_pool import CropSetup, crop_all
from facetoon.training.prepare.crops import SCORED_PX, Record
from facetoon.training.prepare.selection import Row, drop_grey, drop_repeats
from facetoon.training.recipes.parts import PrepareRecipe


def check(dataset: str, setup: CropSetup, jobs: int, out: Path | None) -> list[Row]:
    """Score every picture of a data set (folder or zip file). The `place` of a row is the folder of a good picture.

    The data set is not changed. Reports go to the folder `out`, if it is given. Raises InputError when the data set has
    no such folders.
    """
    layout = list_layout(dataset)
    where = {file: folder for folder, files in layout.items() for file in files}
    todo: list[tuple[str, PictureFile]] = [(folder[-1], file) for file, folder in where.items()]
    records = [record for record, _ in tqdm(crop_all(todo, setup, jobs), total=len(todo), unit="picture")]
    rows = [row for domain in "AB" for row in _selected(records, domain, where, setup.settings)]
    if out is not None:
        with disk_faults(out):
            out.mkdir(parents=True, exist_ok=True)
            manifest.write(out / "manifest.csv", rows)
            prepare_report.write(out, rows, setup.settings, lambda row: row.record.file.read())
    return rows


def _selected(records: list[Record], domain: str, where: dict[PictureFile, str], settings: PrepareRecipe) -> list[Row]:
    rows = []
    for record in (record for record in records if record.domain == domain):
        crop = record.crops[0] if record.crops else None
        rows.append(Row(record, crop, reason=record.reason or (crop.reason if crop else "")))
    _drop_misframed(rows, settings)
    good = [index for index, row in enumerate(rows) if not row.reason]
    # Of two alike on both sides of the split the test picture stays. Dropping the training picture ends the leak.
    good.sort(key=lambda i: (not where[rows[i].record.file].startswith("test"), rows[i].record.file.member))
    good, _ = drop_repeats(rows, good, settings.duplicate_bits)
    for index in drop_grey(rows, good, settings):
        rows[index] = replace(rows[index], place=where[rows[index].record.file])
    return [_named_across(row, rows, where) for row in rows]


def _drop_misframed(rows: list[Row], settings: PrepareRecipe) -> None:
    """Reject faces whose height is far from the data set's median. Any framing is good if all pictures share it."""
    heights = [np.log(row.crop.box[2]) for row in rows if not row.reason and row.crop and row.crop.box]
    if not heights:
        return
    usual = float(np.median(heights))
    for index, row in enumerate(rows):
        if not row.reason and row.crop and row.crop.box:
            off = abs(float(np.log(row.crop.box[2])) - usual)
            if off > np.log1p(settings.check_framing):
                rows[index] = replace(row, reason="framing differs")


def _named_across(row: Row, rows: list[Row], where: dict[PictureFile, str]) -> Row:
    """Extend the reason of a repeat across the split, because it is a leak."""
    if not row.like:
        return row
    other = next(r for r in rows if r.name == row.like and r.place)
    leaks = where[row.record.file] != where[other.record.file]
    return replace(row, reason=f"{row.reason} across the split") if leaks else row


def framing_line(rows: list[Row], settings: PrepareRecipe) -> str:
    """Return a sentence that compares the photographs' framing with the settings; empty without a measured face."""
    shares = [row.crop.box[2] / SCORED_PX for row in rows if row.place and row.crop and row.crop.box]
    if not shares:
        return ""
    return (
        f"Faces fill {float(np.median(shares)):.2f} of the height (median); the framing asked for is "
        f"{settings.face_height:.2f}."
    )
