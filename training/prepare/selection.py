"""Decides which crops of a domain the data set keeps, and on which side of the split."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from facetoon.training.pictures.images import falls_to_test
from facetoon.training.prepare.crops import Crop, Record
from facetoon.training.prepare.near_duplicates import keep_one_of_each, near_pairs
from facetoon.training.recipes.parts import PrepareRecipe


@dataclass(frozen=True)
class Row:
    """One line of the manifest: a crop, or a file without one."""

    record: Record
    crop: Crop | None
    place: str = ""
    """trainA, testA, trainB or testB; empty when not kept."""
    reason: str = ""
    like: str = ""
    """The kept crop (in --check: the kept file) that this one repeats."""
    bits: int = 0
    """Number of differing bits, of 256, in their perceptual hashes."""

    @property
    def name(self) -> str:
        """Name of the crop's file, or of the input file if there is no crop."""
        return self.crop.name if self.crop and self.crop.name else self.record.file.member


@dataclass(frozen=True)
class EarlierRun:
    """An earlier run's decisions about the crops of one domain, by their names."""

    kept: dict[str, str] = field(default_factory=dict)
    """The place of each kept crop: {name: "trainA"}."""
    repeats: dict[str, str] = field(default_factory=dict)
    """For each dropped repeat, the place of the kept crop that it repeats."""


def select_crops(records: Iterable[Record], settings: PrepareRecipe, earlier: EarlierRun) -> list[Row]:
    """Return rows for all records of one domain, in their order.

    Pure: the same arguments give the same rows. Crops that an earlier run kept stay on their side.
    """
    rows = [row for record in records for row in _rows(record)]
    good = [index for index, row in enumerate(rows) if row.crop and not row.reason]
    good.sort(key=lambda i: (rows[i].name not in earlier.kept, -_size(rows[i]), rows[i].record.sha256, rows[i].name))
    good, clusters = drop_repeats(rows, good, settings.duplicate_bits)
    good = drop_grey(rows, good, settings)
    for index in good:
        names = [rows[index].name, *clusters.get(index, [])]
        place = next((side[name] for side in (earlier.kept, earlier.repeats) for name in names if name in side), "")
        rows[index] = replace(rows[index], place=place or _side(rows[index].record, settings))
    return rows


def drop_repeats(rows: list[Row], good: list[int], limit: int) -> tuple[list[int], dict[int, list[str]]]:
    """Give repeats their reason. Returns the kept rows, and for each kept row the names of its dropped repeats.

    Of two similar crops the first in `good` stays. Faces of one picture do not count as repeats of each other.
    """
    seen: dict[tuple[str, str], int] = {}
    unique, clusters = [], dict[int, list[str]]()
    for index in good:
        crop = rows[index].crop
        key = (rows[index].record.sha256, crop.name if crop else "")
        first = seen.setdefault(key, index)
        if first == index:
            unique.append(index)
        else:
            rows[index] = replace(rows[index], reason="duplicate", like=rows[first].name)
    dropped = keep_one_of_each(_near(rows, unique, limit))
    for late, (early, bits) in dropped.items():
        index, kept = unique[late], unique[early]
        rows[index] = replace(rows[index], reason="near-duplicate", like=rows[kept].name, bits=bits)
        clusters.setdefault(kept, []).append(rows[index].name)
    return [index for row, index in enumerate(unique) if row not in dropped], clusters


def _near(rows: list[Row], unique: list[int], limit: int) -> list[tuple[int, int, int]]:
    """Return pairs of similar crops, or of crops from similar pictures; never two faces of one picture."""
    crops = [crop.phash for index in unique if (crop := rows[index].crop)]
    wholes = [rows[index].record.phash for index in unique]
    return [
        (early, late, bits)
        for hashes in (crops, wholes)
        for early, late, bits in near_pairs(hashes, limit)
        if rows[unique[early]].record.sha256 != rows[unique[late]].record.sha256
    ]


def drop_grey(rows: list[Row], good: list[int], settings: PrepareRecipe) -> list[int]:
    """Give grey pictures beyond their share a reason, from the end of `good`. Returns the kept rows."""
    grey = [i for i in good if (crop := rows[i].crop) and crop.scores["chroma"] < settings.grey_chroma]
    share = settings.max_grey_share
    allowed = len(grey) if share >= 1 else int(share / (1 - share) * (len(good) - len(grey)))
    for index in grey[allowed:]:
        rows[index] = replace(rows[index], reason="grey beyond the share")
    return [index for index in good if not rows[index].reason]


def _rows(record: Record) -> list[Row]:
    if not record.crops:
        return [Row(record, None, reason=record.reason)]
    return [Row(record, crop, reason=crop.reason) for crop in record.crops]


def _size(row: Row) -> float:
    """Return the height of the face in pixels, or the picture's shorter side. Of two repeats the larger is kept."""
    if row.crop and row.crop.box:
        return row.crop.box[2]
    return float(min(row.record.width_px, row.record.height_px))


def _side(record: Record, settings: PrepareRecipe) -> str:
    """Choose the part by content hash, or by the person in the file name, so that a person stays on one side."""
    digest = record.sha256
    if settings.identity_pattern:
        match = re.search(settings.identity_pattern, PurePosixPath(record.file.member).name)
        if match and match.group(1):
            digest = hashlib.sha256(match.group(1).encode("utf-8", "surrogateescape")).hexdigest()
    return ("test" if falls_to_test(digest, settings.test_share) else "train") + record.domain
