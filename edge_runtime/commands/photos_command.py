"""toon-live photos: cartoonizes still pictures, each for itself and at its own size."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from facetoon.edge_runtime.command_line import add_picture_limit
from facetoon.edge_runtime.commands.live_command import positive, thread_count
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL, model_file
from facetoon.edge_runtime.whole_file import check_room

HELP = "cartoonize pictures, folders of them or patterns such as '*.jpg', at their own size, and write the cartoons"
ALL = "all"
LOOKS = ("strength", "colour_match", "sharpen", "mode")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of toon-live photos."""
    parser.add_argument("inputs", nargs="+", metavar="IN", help="picture, folder with its subfolders, or pattern")
    add = parser.add_argument_group("files").add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the cartoons, which keep their names")
    add("--overwrite", action="store_true", help="replace older cartoons; photographs are never replaced")
    add("--side-by-side", action="store_true", help="one picture of the photograph and its cartoons in a row")
    add("--keep-metadata", action="store_true", help="keep camera, date and place (EXIF); by default they are dropped")
    add_picture_limit(parser)
    add = parser.add_argument_group("model").add_argument
    model_help = f"model file, or name of a shipped one (default: {DEFAULT_MODEL.stem})"
    add("--model", type=model_file, default=DEFAULT_MODEL, metavar="FILE", help=model_help)
    add("--runtime", choices=RUNTIMES, help="library that runs the model (default: litert; onnxruntime for .onnx)")
    add("--threads", type=thread_count, default=1, metavar="N", help="threads for the network (default: %(default)s)")
    add = parser.add_argument_group("looks").add_argument
    style_help = "style, mix such as anime:0.6,photo:0.4, or all; repeat it for a folder of each (default: the first)"
    add("--style", action="append", metavar="MIX", help=style_help)
    add("--strength", type=float, metavar="0..1", help="0 photograph to 1 cartoon (default: 1)")
    add("--colour-match", type=float, metavar="0..1", help="give the cartoon the face's own colours (default: 0)")
    add("--sharpen", type=float, metavar="0..1", help="give large faces the picture's own details (default: 0)")
    add("--background", metavar="WHAT", help="keep, blur, cartoon, a colour as #ff8800, or FILE.jpg (default: keep)")
    add("--mode", help="face, or frame to cartoonize the whole picture in tiles (default: face)")
    add("--faces", type=positive, metavar="N", help="draw the N largest faces of a picture (default: all)")
    smallest_help = "find faces from this height on (default: 1/40 of the longest side)"
    add("--smallest-face", type=positive, metavar="PX", help=smallest_help)
    turn_help = "turn clockwise first; a rotation that the file states is followed anyway (default: 0)"
    add("--turn", type=int, choices=(0, 90, 180, 270), default=0, help=turn_help)
    add("--mirror", action="store_true", help="mirror left and right")


def run(arguments: argparse.Namespace) -> int:
    """Draw and write every picture; return 0, or 1 when one of them failed."""
    from facetoon.edge_runtime.cartoon.background import read_background
    from facetoon.edge_runtime.photos import album
    from facetoon.edge_runtime.photos.developing import Darkroom
    from facetoon.edge_runtime.photos.still_cartoonist import StillCartoonist
    from facetoon.edge_runtime.service import logs
    from facetoon.edge_runtime.sessions.runtimes import runtime_beside
    from facetoon.edge_runtime.sessions.session import open_session

    logs.set_up("text")
    check_room(arguments.out, "the cartoons")
    session = open_session(arguments.model, arguments.runtime, arguments.threads)
    tracker_runtime = runtime_beside(arguments.runtime).name
    cartoonist = StillCartoonist(session, tracker_runtime, arguments.faces, arguments.smallest_face)
    looks = {name: getattr(arguments, name) for name in LOOKS if getattr(arguments, name) is not None}
    looks |= read_background(arguments.background) if arguments.background else {}
    styles = _styles(arguments.style or [], cartoonist.styles)
    settings = [cartoonist.settings(**looks, **({"style": style} if style else {})) for style in styles]
    several = len(styles) > 1 and not arguments.side_by_side
    folders = [album.folder_of(style) for style in styles] if several else [""]
    photos = album.plan(arguments.inputs, arguments.out, folders, arguments.overwrite)
    darkroom = Darkroom(
        cartoonist, settings, arguments.turn, arguments.mirror, arguments.side_by_side, arguments.keep_metadata
    )
    outcome = darkroom.develop(photos, arguments.out)
    print("\n".join(outcome.sentences(arguments.out)))
    for sentence in outcome.failed.values():
        print(f"toon-live: {sentence}", file=sys.stderr)
    return 1 if outcome.failed else 0


def _styles(asked: list[str], known: tuple[str, ...]) -> list[str]:
    """Return the styles to draw, each once; "" is the model's own."""
    styles = [name for text in asked for name in (known if text == ALL else [text])]
    return list(dict.fromkeys(styles)) or [""]
