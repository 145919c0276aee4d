"""The choices for what is behind the heads of a frame, and the flag that names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from facetoon.edge_runtime import picture_files, pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image

BACKGROUNDS = ("keep", "blur", "colour", "picture", "cartoon")
COLOUR = "#00b140"
"""The colour of a green screen."""
COLOUR_PATTERN = "^#[0-9a-fA-F]{6}$"
"""For `re.fullmatch` and JSON Schema; alone, $ also allows a line end."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture to stand behind the heads."""

    name: str
    frame: Image
    """BGR, of any size."""


def read_background(text: str) -> dict[str, str | Picture]:
    """Turn the text of --background into settings: one of BACKGROUNDS, a colour such as #ff8800, or a picture's file.

    Raises InputError for anything else, and for a file that is no picture.
    """
    if text in BACKGROUNDS:
        return {"background": text}
    if re.fullmatch(COLOUR_PATTERN, text):
        return {"background": "colour", "background_colour": text}
    if not picture_files.has_picture_suffix(text):
        raise InputError(
            f"The background is keep, blur, cartoon, a colour such as #ff8800 or a picture's file, not {text!r}."
        )
    image = pixels.decode_image(picture_files.read_picture(Path(text)), text)
    return {"background": "picture", "picture": Picture(Path(text).name, pixels.swap_red_blue(image))}
