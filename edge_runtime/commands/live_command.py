"""toon-live without a command word: the live cartoonizer itself."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from facetoon.edge_runtime import __version__
from facetoon.edge_runtime.command_line import add_picture_limit
from facetoon.edge_runtime.commands.tune_command import positive_rate
from facetoon.edge_runtime.folder_owner import owned
from facetoon.edge_runtime.picture_files import allow_megapixels
from facetoon.edge_runtime.service import logs
from facetoon.edge_runtime.service.config_file import with_config
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL, model_file

HELP = "cartoonize live, with the flags above"
MOST, MOST_THREADS = 100_000_000, 256
TOKEN_HELP = (
    "the token that the preview demands (default: $FACETOON_TOKEN; for a --host that other machines reach, toon-live "
    "makes one and prints it)"
)

SMALLEST_HELP = (
    "search for faces from this height on, hairline to chin, 24 or more; a smaller PX makes the search slower "
    "(default: 1/11 of the frame's longest side)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of toon-live itself."""
    _add_input(parser)
    add_picture_limit(parser)
    _add_preview(parser)
    _add_looks(parser)
    _add_faces(parser)
    _add_output(parser)
    _add_gallery(parser)
    add = parser.add_argument_group("configuration and log").add_argument
    add("--config", type=Path, metavar="FILE.toml", help="flags from a file; flags of the command line win")
    add("--log-format", choices=logs.FORMATS, default="text", help="format of the log on stderr (default: %(default)s)")
    add("--version", action="version", version=f"facetoon {__version__}")


def _add_input(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("where frames come from").add_argument
    add(
        "--source",
        action="append",
        metavar="WHAT",
        help="camera (number, path, name, or picamera), rtsp:// or http:// address, video, folder, picture, or demo "
        "(default); repeat it to play one after another",
    )
    add("--loop", action="store_true", help="play films and pictures again and again")
    add("--size", type=_size, default=(640, 480), metavar="WxH", help="size to ask a camera for (default: 640x480)")
    rate_help = "rate to ask a camera for (default: 30), or at which a folder of pictures plays (default: 1)"
    add("--rate", type=positive, metavar="HZ", help=rate_help)
    turn_help = "turn the picture clockwise, for a camera that is mounted sideways or upside down (default: 0)"
    add("--turn", type=int, choices=(0, 90, 180, 270), default=0, help=turn_help)
    add("--mirror", action="store_true", help="mirror left and right, as people before a screen expect")
    add = parser.add_argument_group("models").add_argument
    add(
        "--model",
        type=model_file,
        action="append",
        metavar="FILE",
        help=f"model file or name of a shipped one; repeat it to switch models (default: {DEFAULT_MODEL.stem})",
    )
    add("--runtime", choices=RUNTIMES, help="library that runs the model (default: litert; onnxruntime for .onnx)")
    add("--threads", type=thread_count, default=1, metavar="N", help="threads for the network (default: %(default)s)")


def _add_preview(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("preview").add_argument
    add("--host", default="127.0.0.1", help="address of the preview (default: %(default)s, this machine alone)")
    add("--port", type=_port, default=8000, help="port of the preview, 0 for any free one (default: %(default)s)")
    add("--token", default=os.environ.get("FACETOON_TOKEN"), help=TOKEN_HELP)
    add("--certificate", type=Path, metavar="FILE.pem", help="serve the preview by HTTPS with this certificate chain")
    add("--key", type=Path, metavar="FILE.pem", help="the certificate's private key (default: in the same file)")
    hsts_help = "tell browsers to use HTTPS alone with this host, on all of its ports, for a year"
    add("--hsts", action="store_true", help=hsts_help)
    add("--allow-host", action="append", default=[], metavar="NAME", help="a further host name, such as a proxy's")


def _add_looks(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("looks").add_argument
    add("--style", metavar="MIX", help="style, or a mix such as anime:0.6,photo:0.4 (default: the model's first)")
    add("--random-style", type=int, metavar="SEED", help="a new style, the same for the same seed")
    add("--strength", type=float, metavar="0..1", help="0 photograph to 1 cartoon (default: 1)")
    add("--morph", type=float, metavar="SECONDS", help="time that a change of style takes (default: 0)")
    add("--split", type=float, metavar="SHARE", help="show the original in the left SHARE (0..1)")
    add("--colour-match", type=float, metavar="0..1", help="give the cartoon the face's own colours (default: 0)")
    add(
        "--sharpen",
        type=float,
        metavar="0..1",
        help="give large faces the frame's own details (default: 0)",
    )
    add(
        "--background",
        metavar="WHAT",
        help="keep, blur, cartoon, a colour as #ff8800, or FILE.jpg (default: keep)",
    )
    add("--mode", help="face, or frame to cartoonize the whole frame in tiles (default: face)")


def _add_faces(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("faces and pace").add_argument
    add(
        "--faces",
        type=positive,
        default=1,
        metavar="N",
        help="cartoonize the N largest faces of a frame (default: %(default)s)",
    )
    add("--budget-ms", type=positive, metavar="MS", help="leave smaller faces alone once a frame took MS")
    add(
        "--search-every",
        type=positive,
        default=15,
        metavar="N",
        help="frames between searches for further faces (default: %(default)s)",
    )
    add("--smallest-face", type=positive, metavar="PX", help=SMALLEST_HELP)
    add("--target-fps", type=positive_rate, metavar="HZ", help="measure first; choose the model that keeps HZ here")


def _add_output(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("running").add_argument
    add("--headless", action="store_true", help="no preview; process a file at full speed")
    add("--fast", action="store_true", help="process a file at full speed, with the preview")
    add("--frames", type=positive, metavar="N", help="end after reading N frames")
    add = parser.add_argument_group("recording and other outputs").add_argument
    add("--record", type=Path, metavar="FILE.mp4", help="record the finished frames; an older file stays")
    add("--overwrite", action="store_true", help="let --record replace an older file")
    add("--record-minutes", type=positive, metavar="N", help="begin a new file, FILE-00001.mp4, every N minutes")
    add("--record-keep", type=positive, metavar="N", help="keep the newest N of these files")
    add("--pictures", type=Path, metavar="FOLDER", help="write every frame as a numbered JPEG")
    add("--window", action="store_true", help="show the frames in a window too (extra: gui)")
    add("--virtual-camera", action="store_true", help="be a camera for other programs (extra: virtual-camera)")


def _add_gallery(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("photo booth and home").add_argument
    gallery_help = "keep the page's photos and recordings in this folder, which /gallery shows"
    add("--gallery", "--recordings", dest="gallery", type=Path, metavar="FOLDER", help=gallery_help)
    add("--keep-days", type=positive, metavar="N", help="remove photos and recordings that are older than N days")
    add("--keep-mb", type=positive, metavar="N", help="remove the oldest files while all are larger than N megabytes")
    public_help = "the preview's address for guests' phones, such as a proxy's (default: this machine's)"
    add("--public-url", type=_web_address, metavar="URL", help=public_help)
    embed_help = "let pages of this origin show the preview, such as http://homeassistant.local:8123"
    add("--allow-embed", action="append", default=[], metavar="ORIGIN", help=embed_help)
    add("--button", metavar="PIN", help="GPIO pin of the booth's button, which connects it to ground (extra: gpio)")
    mqtt_help = "report to this MQTT broker and obey it, with discovery for Home Assistant (extra: mqtt)"
    add("--mqtt", metavar="mqtt://USER@HOST", help=mqtt_help)


def run(arguments: argparse.Namespace) -> int:
    """Cartoonize until the source ends or a signal comes; return 0, or 1 when something asked for was not done."""
    parser = argparse.ArgumentParser(prog="toon-live")
    add_arguments(parser)
    read_flags = partial(with_config, parser, arguments.argv)
    flags = read_flags()
    allow_megapixels(flags.max_megapixels)
    logs.set_up(flags.log_format)
    with owned(flags.gallery) if flags.gallery and flags.gallery.is_dir() else nullcontext():
        return _cartoonize(flags, read_flags)


def _cartoonize(flags: argparse.Namespace, read_flags: Callable[[], argparse.Namespace]) -> int:
    from facetoon.edge_runtime.control.controls import opened_controls
    from facetoon.edge_runtime.service import running
    from facetoon.edge_runtime.service.assembly import assemble
    from facetoon.edge_runtime.service.reloading import Reloading
    from facetoon.edge_runtime.service.signals import PendingSignal
    from facetoon.edge_runtime.service.summary import summary
    from facetoon.edge_runtime.service.supervision import Supervisor
    from facetoon.edge_runtime.service.tuning import tuned

    ending = PendingSignal()
    live = assemble(tuned(flags) if flags.target_fps else flags, on_quit=ending.note)
    supervisor = Supervisor(lambda: live.loop.frames_out)
    reloading = Reloading(live.loop, supervisor, read_flags, flags)
    running.answer_signals(ending, reloading if flags.config else None)
    controls = opened_controls(flags, live.loop, live.preview, live.booth, live.recorder)
    with controls as bridge, running.served(live, flags) as url:
        if url:
            print(f"Open {url} (Ctrl-C ends it).", flush=True)
        with running.flowing(live.loop, supervisor):
            running.tend(live, ending, reloading, bridge)
    print(summary(live.loop, live.session, live.timer))
    for words in live.loop.written():
        print(f"Written: {words}")
    unfinished = live.loop.unfinished()
    for sentence in unfinished:
        print(f"toon-live: {sentence}", file=sys.stderr)
    return 1 if unfinished else 0


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9][0-9]{0,4})[xX]([1-9][0-9]{0,4})", text)
    if not match:
        raise argparse.ArgumentTypeError("must look like 640x480")
    return int(match[1]), int(match[2])


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 2**16):
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return int(text)


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise argparse.ArgumentTypeError("must look like https://toon.example.org")
    return text.rstrip("/")


def positive(text: str) -> int:
    """Parse a whole number of 1 or more, for argparse."""
    value = int(text)
    if not 1 <= value <= MOST:
        raise argparse.ArgumentTypeError(f"must be 1 or more, and at most {MOST}")
    return value


def thread_count(text: str) -> int:
    """Parse a number of threads, for argparse."""
    if (value := positive(text)) > MOST_THREADS:
        raise argparse.ArgumentTypeError(f"must be at most {MOST_THREADS}")
    return value
