"""toon-live: find the faces in a camera's or video's frames, turn them into cartoons, and show or record the result."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.edge_runtime import __version__
from facetoon.edge_runtime.commands import service_command, tune_command
from facetoon.edge_runtime.commands.tune_command import positive_rate
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.service import logs
from facetoon.edge_runtime.service.config_file import with_config
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES, runtime_beside
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL, LIVE_MODELS, model_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facetoon.edge_runtime.live import LiveLoop
    from facetoon.edge_runtime.preview.recorder import SwitchedRecording
    from facetoon.edge_runtime.sessions.session import Session
    from facetoon.edge_runtime.sinks.sink import Sink
    from facetoon.edge_runtime.sources.source import Source

EXAMPLES = """examples:
  toon-live                                    the packaged demo at http://127.0.0.1:8000
  toon-live --source 0                         the first camera
  toon-live tune --target-fps 25               measure this device, and write what keeps the rate
  toon-live --source party.mp4 --headless --record out.mp4
  toon-live --config facetoon.toml             every flag from a file; SIGHUP reads it again
  sudo /full/path/to/toon-live service install from boot on, and again after every failure
"""
COMMANDS = {"tune": tune_command.main, "service": service_command.main}
TOKEN_HELP = (
    "what the preview demands before it shows anything (default: $FACETOON_TOKEN; on an --host other than this machine "
    "alone, one is made and printed)"
)

log = logging.getLogger("edge_runtime")  # this module's own name is __main__


def build_parser() -> argparse.ArgumentParser:
    """The command line of toon-live. Imports nothing heavy: --help must be quick on a Pi."""
    parser = argparse.ArgumentParser(
        prog="toon-live", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--source",
        default="demo",
        help="camera (number, path, name, or picamera), rtsp:// or http:// address, video, folder, picture, or demo",
    )
    add("--size", type=_size, default=(640, 480), metavar="WxH", help="size to ask a camera for (default: 640x480)")
    add("--rate", type=_positive, default=30, metavar="HZ", help="rate to ask a camera for (default: %(default)s)")
    add(
        "--model",
        type=model_file,
        action="append",
        metavar="FILE",
        help=f"model file or the name of one that ships, more than once to switch (default: {DEFAULT_MODEL.stem})",
    )
    add("--runtime", choices=RUNTIMES, help="library that runs it (default: litert for .tflite, onnxruntime for .onnx)")
    add("--threads", type=_positive, default=1, help="threads for the network (default: %(default)s)")
    add("--host", default="127.0.0.1", help="address of the preview (default: %(default)s, this machine alone)")
    add("--port", type=int, default=8000, help="port of the preview, 0 for any free one (default: %(default)s)")
    add("--token", default=os.environ.get("FACETOON_TOKEN"), help=TOKEN_HELP)
    add("--certificate", type=Path, metavar="FILE.pem", help="serve the preview by HTTPS with this certificate chain")
    add("--key", type=Path, metavar="FILE.pem", help="the certificate's private key (default: in the same file)")
    add(
        "--allow-host", action="append", default=[], metavar="NAME", help="a further name of the preview, as of a proxy"
    )
    add("--faces", type=_positive, default=1, help="most faces to cartoonize in a frame (default: %(default)s)")
    add("--budget-ms", type=_positive, metavar="MS", help="leave smaller faces alone once a frame took so long")
    add("--style", help="style, or a mix such as anime:0.6,photo:0.4 (default: the model's first)")
    add("--random-style", type=int, metavar="SEED", help="a new style, the same for the same seed")
    add("--strength", type=float, help="0 photograph to 1 cartoon (default: 1)")
    add("--morph", type=float, metavar="SECONDS", help="time that a change of style takes (default: 0)")
    add("--split", type=float, metavar="SHARE", help="show the left SHARE (0..1) of the frame as it came")
    add("--colour-match", type=float, metavar="0..1", help="give the cartoon the face's own colours (default: 0)")
    add("--background", metavar="WHAT", help="keep, blur or cartoon what is around the faces (default: keep)")
    add("--mode", help="face, or frame to cartoonize the whole frame in tiles (default: face)")
    add("--search-every", type=_positive, default=15, metavar="N", help="frames between looks for further faces")
    add("--target-fps", type=positive_rate, metavar="HZ", help="measure first, and run what keeps this rate here")
    add("--headless", action="store_true", help="no preview; read a file as fast as it can be worked on")
    add("--fast", action="store_true", help="read a file as fast as it can be worked on, with the preview")
    add("--frames", type=_positive, metavar="N", help="end after reading N frames")
    add("--record", type=Path, metavar="FILE.mp4", help="record what is shown")
    add("--recordings", type=Path, metavar="FOLDER", help="let the page's Record button fill this folder")
    add("--record-minutes", type=_positive, metavar="N", help="begin a new file, FILE-00001.mp4, every N minutes")
    add("--record-keep", type=_positive, metavar="N", help="of those, keep the newest N")
    add("--pictures", type=Path, metavar="FOLDER", help="write every frame as a numbered JPEG")
    add("--window", action="store_true", help="show it in a window too (extra: gui)")
    add("--virtual-camera", action="store_true", help="be a camera for other programs (extra: virtual-camera)")
    add("--config", type=Path, metavar="FILE.toml", help="flags from a file; those given here go before it")
    add("--log-format", choices=logs.FORMATS, default="text", help="of the log on stderr (default: %(default)s)")
    add("--version", action="version", version=f"facetoon {__version__}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run until the source ends or a signal comes; 0 then, 2 on bad input."""
    argv = sys.argv[1:] if argv is None else argv
    # Both libraries would add lines of their own to our one sentence; they read this when cv2 is first imported.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        if argv and argv[0] in COMMANDS:
            COMMANDS[argv[0]](argv[1:])
        else:
            _run(with_config(build_parser(), argv), argv)
    except InputError as error:
        print(f"toon-live: {error}", file=sys.stderr)
        return 2
    return 0


def _run(arguments: argparse.Namespace, argv: list[str]) -> None:
    from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
    from facetoon.edge_runtime.faces.finder import FaceFinder
    from facetoon.edge_runtime.live import LiveLoop
    from facetoon.edge_runtime.pace import Pace
    from facetoon.edge_runtime.service.reloading import Asked, Reloading, settings_of
    from facetoon.edge_runtime.service.supervision import Supervisor
    from facetoon.edge_runtime.sinks.sink import PreviewSink
    from facetoon.edge_runtime.sources.cameras import CameraSource
    from facetoon.edge_runtime.sources.source import open_source
    from facetoon.edge_runtime.timing import StageTimer

    logs.set_up(arguments.log_format)
    asked = argparse.Namespace(**vars(arguments))  # before tuning puts its own choice there
    if arguments.target_fps:
        _tune(arguments)
    sessions = _open_sessions(arguments)
    source = open_source(arguments.source, arguments.size, arguments.rate)
    if isinstance(source, CameraSource):
        log.info(source.details)
    timer = StageTimer()
    finder = FaceFinder(arguments.faces, runtime_beside(arguments.runtime).name, arguments.search_every)
    cartoonizer = Cartoonizer(sessions, finder, timer, budget_ms=arguments.budget_ms)
    settings = cartoonizer.settings.patched(settings_of(arguments), cartoonizer.styles)
    # Headless runs encode too unless they record: what is measured stays the whole pipeline.
    preview = None if arguments.headless and arguments.record else PreviewSink()
    sinks: list[Sink] = [preview] if preview else []
    sinks += _further_sinks(arguments, source, lambda: loop.stop())
    recorder = _recorder(arguments, source)
    if recorder:
        sinks.append(recorder)
    fast = arguments.fast or arguments.headless
    loop = LiveLoop(source, cartoonizer, sinks, timer, fast=fast, frame_limit=arguments.frames, settings=settings)
    ending = Asked()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ending.ask)
    supervisor = Supervisor(lambda: loop.frames_out)
    reloading = Reloading(loop, supervisor, lambda: with_config(build_parser(), argv), asked)
    # Without a file there is nothing to reload, and the signal means that the terminal was closed.
    signal.signal(signal.SIGHUP, reloading.ask if arguments.config else ending.ask)
    tends = [lambda: loop.stop() if ending.take() else None, reloading.tend]
    if arguments.target_fps:
        sizes_px = {name: session.size_px for name, session in sessions.items()}
        tends.append(Pace(loop, finder, arguments.target_fps, sizes_px).tend)
    server = None
    if not arguments.headless and preview:
        from facetoon.edge_runtime.preview.start import start_preview

        server, url = start_preview(preview, loop, arguments, recorder)
        print(f"Open {url} (Ctrl-C ends it).", flush=True)
    loop.start()
    supervisor.start()
    try:
        _tend(loop, source.frames if arguments.frames is None else arguments.frames, tends)
    finally:  # also when the progress cannot be written any more: no thread may stay that serves nothing
        loop.stop()
        supervisor.stop()
        try:
            loop.join()
        finally:
            if server:
                server.stop()
    from facetoon.edge_runtime.summary import summary

    print(summary(loop, sessions[loop.settings.model], timer))


def _tune(arguments: argparse.Namespace) -> None:
    """Put the model, threads and search interval that keep the rate in the place of those given."""
    from facetoon.edge_runtime.service.tuning import tune

    models = arguments.model or list(LIVE_MODELS)
    choice = tune(models, arguments.target_fps, arguments.faces)
    log.info(choice.told())
    arguments.model = [choice.model, *(path for path in models if path != choice.model)]
    arguments.threads, arguments.search_every = choice.threads, choice.search_every


def _open_sessions(arguments: argparse.Namespace) -> dict[str, Session]:
    """Every model that was named, by its file's name."""
    from facetoon.edge_runtime.sessions.session import open_session

    sessions: dict[str, Session] = {}
    for path in arguments.model or [DEFAULT_MODEL]:
        if path.stem in sessions:
            raise InputError(f"Two models are called {path.stem}: rename one of the files, to tell them apart.")
        sessions[path.stem] = open_session(path, arguments.runtime, arguments.threads)
    return sessions


def _further_sinks(arguments: argparse.Namespace, source: Source, stop: Callable[[], None]) -> list[Sink]:
    """Everything that takes frames beside the preview, as many at once as are asked for."""
    import time

    from facetoon.edge_runtime.sinks import outputs, recording

    sinks: list[Sink] = []
    if arguments.record:
        # Played as fast as it can be worked on, a file's own rate is the recording's; else what counts is the clock.
        whole = (arguments.fast or arguments.headless) and not source.live
        clock = None if whole else time.monotonic
        minutes, keep = arguments.record_minutes, arguments.record_keep
        sinks.append(recording.open_recording(arguments.record, source.rate_hz, minutes, keep, clock))
        if not recording.survives():
            log.warning("Without PyAV (pip install 'facetoon[record]') a recording is lost when killed.")
    if arguments.pictures:
        sinks.append(outputs.SequenceSink(arguments.pictures))
    if arguments.virtual_camera:
        sinks.append(outputs.VirtualCameraSink(source.rate_hz))
    if arguments.window:
        sinks.append(outputs.WindowSink(stop))
    return sinks


def _recorder(arguments: argparse.Namespace, source: Source) -> SwitchedRecording | None:
    """What the page's Record button switches."""
    if not arguments.recordings:
        return None
    import time

    from facetoon.edge_runtime.preview.recorder import SwitchedRecording
    from facetoon.edge_runtime.sinks.recording import open_recording

    minutes, keep = arguments.record_minutes, arguments.record_keep
    return SwitchedRecording(
        arguments.recordings, lambda path: open_recording(path, source.rate_hz, minutes, keep, time.monotonic)
    )


def _tend(loop: LiveLoop, total: int | None, tends: Sequence[Callable[[], None]]) -> None:
    """Until the loop ends, call each of `tends` now and then.

    A progress line shows where somebody sits and watches; in a log it would drown what matters.
    """
    from tqdm import tqdm

    with tqdm(total=total, unit="frame", mininterval=0.5, disable=None) as bar:
        ended = False
        while not ended:
            ended = loop.wait(0.2)
            for tend in tends:
                tend()
            bar.set_postfix_str(f"dropped={loop.dropped}", refresh=False)
            bar.update(loop.frames_out - bar.n)


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError("must look like 640x480")
    return int(width), int(height)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


if __name__ == "__main__":
    sys.exit(main())
