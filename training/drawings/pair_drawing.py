"""Draws photographs into a folder of pairs, with a contact sheet, and counts what it left out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import disk_faults, write_whole
from facetoon.training.drawings.drawing_journal import NO_FACE, UNREADABLE, DrawingJournal
from facetoon.training.drawings.studio import Studio
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.images import PictureFile, list_pictures
from facetoon.training.recipes.parts import PairsRecipe
from facetoon.training.work.ordered_pool import in_order

SHEET_PAIRS, SHEET_COLUMNS, SHEET_PX = 48, 8, 128
TRIED_FIRST = 50  # photographs in which a first face is looked for
PHOTO, DRAWING = PairsRecipe.photo_suffix, PairsRecipe.cartoon_suffix
"""NAME_face.png and NAME_comic.png, as `toon-train pairs` finds them."""


@dataclass(frozen=True)
class DrawnPair:
    """What became of one photograph: a name and two PNG files, or the reason why there is none."""

    name: str = ""
    photo: bytes = b""
    drawing: bytes = b""
    reason: str = ""


def draw_all(sources: Sequence[DataSource | str], out: Path, studio: Studio, jobs: int) -> Counter[str]:
    """Draw every photograph of the sources into `out`. Returns how many were drawn (""), or left out by reason.

    The same call goes on where an earlier one was interrupted. Raises InputError for unusable sources, landmark files
    and styles, for a folder of somebody else, a full disk, and when no photograph shows a face.
    """
    files = list(dict.fromkeys(file for source in sources for file in list_pictures(source)))
    if any(out.resolve().is_relative_to(Path(file.container).resolve()) for file in files):
        raise InputError(f"{out} lies inside a source; choose a folder elsewhere.")
    _try_first_face(files, studio)
    with disk_faults(out):
        with closing(DrawingJournal(out, studio.settings())) as journal:
            results = _draw_missing(files, journal, studio, jobs)
        names = sorted({name for name, _ in results if name})
        counts = Counter(reason for _, reason in results)
        counts["repeated"] = sum(1 for name, _ in results if name) - len(names)
        counts[""] = len(names)
        if not names:
            raise InputError(f"None of {len(files)} photographs was drawn ({in_words(counts)}).")
        write_whole(out / "sheet.png", pixels.encode_png(_sheet(out, names)))
    return counts


def in_words(counts: Counter[str]) -> str:
    """The counts as a part of a sentence."""
    left_out = [f"{number:,} {reason}" for reason, number in sorted(counts.items()) if reason and number]
    return ", ".join([f"{counts['']:,} drawn", *left_out])


def _try_first_face(files: list[PictureFile], studio: Studio) -> None:
    """Draw the first photograph with a face: an unusable style ends the command before hours are spent."""
    for file in files[:TRIED_FIRST]:
        picture = _read(file, studio.size_px)
        if picture is not None and studio.draw(picture[1]) is not None:
            return


def _draw_missing(
    files: list[PictureFile], journal: DrawingJournal, studio: Studio, jobs: int
) -> list[tuple[str, str]]:
    """(name, reason) of every file: from the journal where it has one and the pictures are on the disk."""
    results: dict[PictureFile, tuple[str, str]] = {}
    for file in files:
        known = journal.known(file)
        if known and _is_whole(journal.out, known[0]):
            results[file] = known
    todo = [file for file in files if file not in results]
    with (
        tqdm(total=len(files), initial=len(results), unit="picture", smoothing=0.05) as bar,
        closing(in_order(partial(_worker, studio), todo, jobs)) as pairs,
    ):
        for file, pair in zip(todo, pairs, strict=True):
            if pair.name:
                write_whole(journal.out / f"{pair.name}{PHOTO}.png", pair.photo)
                write_whole(journal.out / f"{pair.name}{DRAWING}.png", pair.drawing)
            journal.add(file, pair.name, pair.reason)
            results[file] = pair.name, pair.reason
            bar.update()
    return [results[file] for file in files]


def _is_whole(out: Path, name: str) -> bool:
    return not name or all((out / f"{name}{suffix}.png").is_file() for suffix in (PHOTO, DRAWING))


def _worker(studio: Studio) -> Callable[[PictureFile], DrawnPair]:
    def draw(file: PictureFile) -> DrawnPair:
        picture = _read(file, studio.size_px)
        if picture is None:
            return DrawnPair(reason=UNREADABLE)
        digest, photo = picture
        drawing = studio.draw(photo)
        if drawing is None:
            return DrawnPair(reason=NO_FACE)
        name = f"{Path(file.member).stem}-{digest[:8]}"  # two folders may both have a 001.jpg
        return DrawnPair(name, pixels.encode_png(photo), pixels.encode_png(drawing))

    return draw


def _read(file: PictureFile, size_px: int) -> tuple[str, pixels.Image] | None:
    """SHA-256 and largest centred square of a photograph; None for one that cannot be read."""
    try:
        data = file.read()
        photo = pixels.square(pixels.decode_image(data, file.name), size_px)
    except InputError:
        return None
    return hashlib.sha256(data).hexdigest(), photo


def _sheet(out: Path, names: list[str]) -> pixels.Image:
    """Photographs with their drawings below, evenly from all."""
    chosen = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, SHEET_PAIRS).astype(int))]
    blank = np.full((2 * SHEET_PX, SHEET_PX, 3), 255, np.uint8)
    cells = []
    for name in chosen:
        pair = [(out / f"{name}{suffix}.png").read_bytes() for suffix in (PHOTO, DRAWING)]
        cells.append(np.vstack([pixels.square(pixels.decode_image(data, name), SHEET_PX) for data in pair]))
    cells += [blank] * (-len(cells) % SHEET_COLUMNS)
    return np.vstack([np.hstack(cells[i : i + SHEET_COLUMNS]) for i in range(0, len(cells), SHEET_COLUMNS)])
