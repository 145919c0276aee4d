"""`toon-train draw`: photographs are drawn by a program, as pairs for training, or one to look at."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.edge_runtime.command_line import add_picture_limit
from facetoon.edge_runtime.errors import InputError
from facetoon.training.drawn.style_names import NAMES
from facetoon.training.flags.source_flags import add_source
from facetoon.training.flags.style_flags import add_landmarks

if TYPE_CHECKING:
    from facetoon.training.drawings.studio import Studio

HELP = "draw photographs by a program: pairs to train from"
SIZE_PX, PREVIEW_PX = 256, 512
LEAST_PX, MOST_PX = 64, 2048


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_picture_limit(parser)
    parser.add_argument(
        "--style", default="toon", metavar="STYLE", help=f"{', '.join(NAMES)}, or your FILE.py (default: %(default)s)"
    )
    add_source(parser, "--photos", "folders or zips, '#pattern'")
    parser.add_argument("--preview", type=Path, metavar="PHOTO", help="instead: draw this one, to look at")
    parser.add_argument(
        "--out",
        type=Path,
        help="the folder for the pairs, continued if it exists; or the preview's FILE.png (default: beside the photo)",
    )
    add_landmarks(parser)
    parser.add_argument(
        "--size",
        type=int,
        metavar="PX",
        help=f"of the pictures (default: {SIZE_PX}; for a preview its longer side, {PREVIEW_PX})",
    )
    parser.add_argument("--jobs", type=int, help="processes (default: one for each core)")


def run(arguments: argparse.Namespace) -> int:
    """Draw pairs or a preview; 0."""
    from facetoon.training.drawings.studio import Studio

    if bool(arguments.photos) == bool(arguments.preview):
        raise InputError("Give --photos or --preview, one of them.")
    if arguments.jobs is not None and arguments.jobs < 1:
        raise InputError(f"--jobs must be 1 or more, not {arguments.jobs}.")
    size_px = (PREVIEW_PX if arguments.preview else SIZE_PX) if arguments.size is None else arguments.size
    if not LEAST_PX <= size_px <= MOST_PX:
        raise InputError(f"--size must be {LEAST_PX} to {MOST_PX}, not {size_px}.")
    if arguments.photos and not arguments.out:
        raise InputError("Give --out DIR, the folder for the drawings.")
    studio = Studio(arguments.style, arguments.landmarks, size_px)
    _ = studio.style, studio.net  # an unusable style or landmark file ends the command first
    return _preview(arguments, studio) if arguments.preview else _pairs(arguments, studio)


def _pairs(arguments: argparse.Namespace, studio: Studio) -> int:
    from facetoon.training.drawings.pair_drawing import draw_all, in_words

    counts = draw_all(arguments.photos, arguments.out, studio, arguments.jobs or os.cpu_count() or 1)
    print(f"{arguments.out}: {in_words(counts)}; sheet.png shows some of them.")
    return 0


def _preview(arguments: argparse.Namespace, studio: Studio) -> int:
    from facetoon.edge_runtime import pixels
    from facetoon.edge_runtime.picture_files import read_picture
    from facetoon.edge_runtime.whole_file import disk_faults, write_whole

    path = arguments.preview
    out = arguments.out or path.with_name(f"{path.stem}-{studio.style.name}.png")
    if out.suffix.lower() != ".png":
        raise InputError(f"{out} must end in .png.")
    photo = pixels.decode_image(read_picture(path), str(path))
    drawing = studio.draw(pixels.scale_to(photo, studio.size_px))
    if drawing is None:
        raise InputError(f"No face was found in {path}.")
    with disk_faults(out):
        write_whole(out, pixels.encode_png(drawing))
    print(f"{out}: {path.name} in {studio.style.name}.")
    return 0
