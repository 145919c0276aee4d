"""Finds the pictures that the command line names, and chooses the name of each cartoon."""

from __future__ import annotations

import glob
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import find_pictures
from facetoon.edge_runtime.sinks.new_files import refuse_inputs

WRITTEN = {name: ".jpg" for name in (".jpg", ".jpeg", ".jpe", ".jfif")} | {
    name: name for name in (".png", ".webp", ".avif")
}
"""The format of a cartoon by its photograph's suffix; all others become JPEG."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Photo:
    """A picture, and the files of its cartoons, one for each style."""

    path: Path
    outputs: tuple[Path, ...]


def plan(inputs: Sequence[str], out: Path, folders: Sequence[str], overwrite: bool) -> list[Photo]:
    """Return every picture of `inputs` (files, folders with theirs, patterns), with its cartoons' files below `out`.

    A cartoon keeps its photograph's name, and its folder below the named one; `folders` are the styles' own, "" for
    none. Two of one name are numbered. Raises InputError without pictures, for an input that does not exist, and for
    a cartoon that exists unless `overwrite` gives it up; a photograph is never written over.
    """
    photos, taken = [], set[Path]()
    for path, member in _members(inputs, out):
        name = _free(_named(member), taken)
        taken.add(name)
        photos.append(Photo(path, tuple(out / folder / name for folder in folders)))
    if not photos:
        raise InputError(f"There is no picture in {', '.join(inputs)}.")
    outputs = [path for photo in photos for path in photo.outputs]
    existing = [path for path in outputs if path.exists()]
    if existing and not overwrite:
        more = f" and {len(existing) - 1} more" if len(existing) > 1 else ""
        raise InputError(f"{existing[0]}{more} exist already: name another --out, or give them up by --overwrite.")
    refuse_inputs(existing, [photo.path for photo in photos])
    return photos


def folder_of(style: str) -> str:
    """Return a folder's name for a style or a mix, such as "anime-0.6+photo-0.4"."""
    return style.replace(" ", "").replace(":", "-").replace(",", "+")


def _members(inputs: Iterable[str], out: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each picture once, with its place below the named folder."""
    seen = set[Path]()
    for text in inputs:
        for path in _named_by(text):
            members = _pictures_below(path, out) if path.is_dir() else [(path, Path(path.name))]
            for picture, member in members:
                if picture.resolve() not in seen:
                    seen.add(picture.resolve())
                    yield picture, member


def _named_by(text: str) -> list[Path]:
    path = Path(text)
    if path.exists():
        return [path]
    found = [Path(name) for name in sorted(glob.glob(text, recursive=True))] if glob.has_magic(text) else []
    if not found:
        raise InputError(f"{text} does not exist.")
    return found


def _pictures_below(folder: Path, out: Path) -> Iterator[tuple[Path, Path]]:
    found = find_pictures(folder, deep=True)
    if found.others:
        counts = ", ".join(f"{number} {reason}" for reason, number in Counter(found.others.values()).items())
        log.info("%s: left out: %s.", folder, counts)
    for member in found.pictures:
        if not (folder / member).resolve().is_relative_to(out.resolve()):  # cartoons of an earlier run
            yield folder / member, Path(PurePosixPath(member))


def _named(member: Path) -> Path:
    return member if member.suffix.lower() in WRITTEN else member.with_suffix(".jpg")


def _free(name: Path, taken: set[Path]) -> Path:
    numbered = (name.with_name(f"{name.stem}-{number}{name.suffix}") for number in count(2))
    while name in taken:
        name = next(numbered)
    return name
