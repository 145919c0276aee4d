"""Cartoonizes a list of pictures, and counts what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.command_line import counted
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.photos.album import WRITTEN, Photo
from facetoon.edge_runtime.photos.still_cartoonist import StillCartoonist
from facetoon.edge_runtime.picture_files import read_picture
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.whole_file import write_whole

MOST_NAMED = 10  # pictures that a line of the summary names


@dataclass
class Outcome:
    """What became of the pictures of a run."""

    pictures: int = 0
    faces: int = 0
    faceless: list[str] = field(default_factory=list)
    animated: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """The reason of each picture that could not be drawn."""

    def sentences(self, out: Path) -> list[str]:
        """Return the summary."""
        drawn = self.pictures - len(self.failed)
        with_faces = drawn - len(self.faceless)
        lines = [f"{counted(drawn, 'picture')}: {counted(self.faces, 'face')} in {with_faces}. Written to {out}."]
        for names, what in ((self.faceless, "No face in"), (self.animated, "Only the first frame is taken of")):
            if names:
                more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
                lines.append(f"{what} {', '.join(names[:MOST_NAMED])}{more}.")
        return lines


@dataclass(frozen=True)
class Darkroom:
    """Draws pictures with these settings, and writes their cartoons."""

    cartoonist: StillCartoonist
    settings: Sequence[LiveSettings]
    turn: int = 0
    mirror: bool = False
    side_by_side: bool = False
    """One file with the photograph and all cartoons in a row, instead of a file for each."""
    keep_metadata: bool = False

    def develop(self, photos: Sequence[Photo], out: Path) -> Outcome:
        """Draw every picture. One that cannot be read is noted and the others go on.

        Raises InputError when the disk takes no more.
        """
        outcome = Outcome()
        for photo in tqdm(photos, unit=" pictures", disable=None):
            outcome.pictures += 1
            try:
                self._draw(photo, outcome)
            except InputError as error:
                outcome.failed[str(photo.path)] = str(error)
            except OSError as error:
                raise InputError(f"{error.filename or out} cannot be written: {error.strerror}.") from None
        return outcome

    def _draw(self, photo: Photo, outcome: Outcome) -> None:
        data = read_picture(photo.path)
        image = pixels.swap_red_blue(pixels.decode_image(data, str(photo.path)))
        frame = pixels.turn(image, self.turn // 90, self.mirror)
        metadata = pixels.read_metadata(data, self.keep_metadata)
        cartoons, faces = self.cartoonist.draw(frame, self.settings)
        pictures: list[Image] = [np.hstack([frame, *cartoons])] if self.side_by_side else cartoons
        for picture, path in zip(pictures, photo.outputs, strict=True):
            write_whole(path, pixels.encode_picture(picture, WRITTEN[path.suffix.lower()], metadata))
        outcome.faces += faces
        if not faces and any(one.mode == "face" for one in self.settings):
            outcome.faceless.append(str(photo.path))
        if pixels.is_animated(data):
            outcome.animated.append(str(photo.path))
