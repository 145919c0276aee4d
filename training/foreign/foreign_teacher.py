"""Another project's generator as a teacher of a student."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.drawings.picture_teacher import PictureTeacher
from facetoon.training.foreign.foreign_generator import open_generator
from facetoon.training.foreign.model_formats import FORMATS, SAVED_MODEL
from facetoon.training.runs.run_directory import RunDirectory

OUR_LAYERS = b"facetoon>"
"""Before the names of this kit's layers in a .keras file."""
DRAWS_AT_PX = 256  # where the network takes any size


class ForeignTeacher(PictureTeacher):
    """A generator from a file, of which the facts are the hash, ranges and size."""

    def __init__(
        self, path: Path, ranges: tuple[ValueRange, ValueRange] | None, size_px: int | None, blue_first: bool = False
    ) -> None:
        """`ranges` of input and output, and the side of a network of free size; None asks the file.

        Raises InputError when the file cannot be opened, or does not say its ranges.
        """
        input_range, output_range = ranges or (None, None)
        generator = open_generator(path, size_px, input_range, output_range, "--teacher-range", blue_first)
        self._generator = generator
        self.name = path.name
        self.size_px = generator.size_px or DRAWS_AT_PX
        self.facts = {
            "file": path.name,
            "sha256": generator.digest,
            "input_range": str(generator.input_range),
            "output_range": str(generator.output_range),
            "size_px": self.size_px,
            **({"blue_first": True} if blue_first else {}),
        }
        self.digest = hashlib.sha256(repr(sorted(self.facts.items())).encode()).hexdigest()

    def cartoons(self, photos: Sequence[pixels.Image]) -> Iterator[pixels.Image]:
        """See PictureTeacher."""
        for photo in photos:
            (cartoon,) = self._generator.translate(pixels.square(photo, self.size_px)[np.newaxis])
            yield pixels.square(cartoon, len(photo))


def is_foreign(place: Path) -> bool:
    """Whether a teacher is another project's file. A .keras file is ours if it has our layers or lies in a run."""
    if place.suffix == ".keras":
        in_run = any(RunDirectory(folder).exists for folder in (place.parent, place.parent.parent))  # or its best/
        return not in_run and not _has_our_layers(place)
    return place.suffix in FORMATS or place.is_file() or (place / SAVED_MODEL).is_file()


def _has_our_layers(place: Path) -> bool:
    try:
        with zipfile.ZipFile(place) as archive:
            return OUR_LAYERS in archive.read("config.json")
    except (OSError, zipfile.BadZipFile, KeyError):
        return False
