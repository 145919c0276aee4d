"""The split on its own, with made-up records for cases that pictures cannot show cheaply."""

from __future__ import annotations

import hashlib

import numpy as np

from facetoon.training.pictures.images import PictureFile
from facetoon.training.prepare.crops import Crop, Record
from facetoon.training.prepare.selection import EarlierRun, select_crops
from facetoon.training.recipes.parts import PrepareRecipe


def record(number, like=None):
    """A record with a random hash, or one that differs from another's by three bits."""
    bits = np.random.default_rng(number if like is None else like).integers(0, 2, 256, np.uint8)
    if like is not None:
        bits[:3] ^= 1
    phash = np.packbits(bits).tobytes().hex()
    sha = hashlib.sha256(str(number).encode()).hexdigest()
    crop = Crop(box=(0, 0, 100.0 + number, 0), scores={"chroma": 50}, phash=phash, name=f"{sha[:20]}-0.png")
    return Record("A", PictureFile("in", f"{number % 10}_{number}.jpg", 1, ""), sha, phash, 200, 200, crops=(crop,))


def places(rows):
    return {row.record.file.member: row.place for row in rows}


def earlier_run(rows):
    kept = {row.name: row.place for row in rows if row.place}
    return EarlierRun(kept, {row.name: kept[row.like] for row in rows if row.like in kept})


def test_about_a_fifth_is_for_testing_and_the_order_does_not_matter():
    records = [record(n) for n in range(500)]
    rows = select_crops(records, PrepareRecipe(), EarlierRun())
    assert 70 < sum(row.place == "testA" for row in rows) < 130
    assert places(rows) == places(select_crops(records[::-1], PrepareRecipe(), EarlierRun()))


def test_of_two_alike_one_stays_and_it_goes_on_staying():
    first = select_crops([record(1), record(2)], PrepareRecipe(), EarlierRun())
    larger_copy = record(900, like=1)
    rows = select_crops([larger_copy, record(1), record(2)], PrepareRecipe(), earlier_run(first))
    assert [row.reason for row in rows] == ["near-duplicate", "", ""]
    assert places(first).items() <= places(rows).items()
    fresh = select_crops([larger_copy, record(1), record(2)], PrepareRecipe(), EarlierRun())
    assert [row.reason for row in fresh] == ["", "near-duplicate", ""]  # the larger face, when nothing was kept before


def test_a_repeat_takes_the_side_of_what_it_repeated_when_that_is_gone():
    for number in range(20):
        original, copy = record(number), record(1000 + number, like=number)
        rows = select_crops(
            [original, copy],
            PrepareRecipe(test_share=0.5),
            earlier_run(select_crops([original], PrepareRecipe(), EarlierRun())),
        )
        (left,) = select_crops([copy], PrepareRecipe(test_share=0.5), earlier_run(rows))
        assert left.place == rows[0].place


def test_names_tell_who_must_stay_together():
    rows = select_crops(
        [record(n) for n in range(200)], PrepareRecipe(test_share=0.5, identity_pattern=r"^(\d)_"), EarlierRun()
    )
    sides = {(row.record.file.member[0], row.place) for row in rows}
    assert len(sides) == 10
    assert {side for _, side in sides} == {"trainA", "testA"}
