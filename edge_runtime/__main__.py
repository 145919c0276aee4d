"""toon-live: find the faces in a camera's or video's frames, turn them into cartoons, and show or record the result."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime import __version__
from edge_runtime.errors import InputError
from edge_runtime.session import DEFAULT_MODEL, RUNTIMES

if TYPE_CHECKING:
    from edge_runtime.live import LiveLoop
    from edge_runtime.sinks import Sink

EXAMPLES = """examples:
  toon-live                                    the packaged demo at http://127.0.0.1:8000
  toon-live --source 0                         the first camera
  toon-live --source party.mp4 --headless --record out.mp4
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line of toon-live. Imports nothing heavy: --help must be quick on a Pi."""
    parser = argparse.ArgumentParser(
        prog="toon-live", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--source", default="demo", help="camera number, video, folder, picture, or demo (default: %(default)s)")
    add("--model", type=Path, default=DEFAULT_MODEL, help="model file (default: the packaged %(default)s)")
    add("--runtime", choices=RUNTIMES, help="library that runs it (default: litert for .tflite, onnxruntime for .onnx)")
    add("--threads", type=_positive, default=1, help="threads for the network (default: %(default)s)")
    add("--host", default="127.0.0.1", help="address of the preview (default: %(default)s, this machine alone)")
    add("--port", type=int, default=8000, help="port of the preview, 0 for any free one (default: %(default)s)")
    add("--faces", type=_positive, default=1, help="most faces to cartoonize in a frame (default: %(default)s)")
    add("--headless", action="store_true", help="no preview; read a file as fast as it can be worked on")
    add("--fast", action="store_true", help="read a file as fast as it can be worked on, with the preview")
    add("--frames", type=_positive, metavar="N", help="end after reading N frames")
    add("--record", type=Path, metavar="FILE.mp4", help="record what is shown")
    add("--version", action="version", version=f"facetoon {__version__}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run until the source ends or a signal comes; 0 then, 2 on bad input."""
    arguments = build_parser().parse_args(argv)
    # Both libraries would add lines of their own to our one sentence; they read this when cv2 is first imported.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        _run(arguments)
    except InputError as error:
        print(f"toon-live: {error}", file=sys.stderr)
        return 2
    return 0


def _run(arguments: argparse.Namespace) -> None:
    from edge_runtime.cartoonizer import Cartoonizer
    from edge_runtime.faces import FaceFinder
    from edge_runtime.live import LiveLoop
    from edge_runtime.session import open_session
    from edge_runtime.sinks import PreviewSink, RecordingSink
    from edge_runtime.sources import open_source
    from edge_runtime.timing import StageTimer

    session = open_session(arguments.model, arguments.runtime, arguments.threads)
    source = open_source(arguments.source)
    timer = StageTimer()
    # The tracker is a .tflite file whatever the generator is.
    tracker_runtime = "tflite-runtime" if arguments.runtime == "tflite-runtime" else "litert"
    cartoonizer = Cartoonizer(session, FaceFinder(arguments.faces, tracker_runtime), timer)
    # Headless runs encode too unless they record: what is measured stays the whole pipeline.
    preview = None if arguments.headless and arguments.record else PreviewSink()
    sinks: list[Sink] = [preview] if preview else []
    if arguments.record:
        sinks.append(RecordingSink(arguments.record, source.rate_hz))
    fast = arguments.fast or arguments.headless
    loop = LiveLoop(source, cartoonizer, sinks, timer, fast=fast, frame_limit=arguments.frames)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.stop())
    server = None
    if not arguments.headless and preview:
        from edge_runtime.preview.app import create_app
        from edge_runtime.preview.server import PreviewServer

        server = PreviewServer(create_app(preview, loop.state), arguments.host, arguments.port)
        server.start()
        print(f"Open {server.url} (Ctrl-C ends it).", flush=True)
    loop.start()
    _show_progress(loop, source.frames if arguments.frames is None else arguments.frames)
    loop.join()
    if server:
        server.stop()
    from edge_runtime.summary import summary

    print(summary(loop, session, timer))


def _show_progress(loop: LiveLoop, total: int | None) -> None:
    """A progress line until the loop ends."""
    from tqdm import tqdm

    with tqdm(total=total, unit="frame", mininterval=0.5) as bar:
        ended = False
        while not ended:
            ended = loop.wait(0.2)
            bar.set_postfix_str(f"dropped={loop.dropped}", refresh=False)
            bar.update(loop.frames_out - bar.n)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


if __name__ == "__main__":
    sys.exit(main())
