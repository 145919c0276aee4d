"""toon-live: finds the faces in camera or video frames, turns them into cartoons, and shows or records the result."""

from __future__ import annotations

import argparse
import os
import sys

from facetoon.edge_runtime.command_line import Program
from facetoon.edge_runtime.commands import cameras_command, live_command, photos_command, service_command, tune_command

EXAMPLES = """examples:
  toon-live                                    the packaged demo at http://127.0.0.1:8000
  toon-live --source 0                         the first camera
  toon-live tune --target-fps 25               measure this device, and write the flags that keep the rate
  toon-live --source party.mp4 --headless --record out.mp4
  toon-live photos holiday/ --out cartoons/    every picture of a folder, at its own size
  toon-live --config facetoon.toml             every flag from a file; SIGHUP reads it again
  sudo /full/path/to/toon-live service install run from boot on, and again after every failure
"""

PROGRAM = Program(
    name="toon-live",
    description=__doc__,
    examples=EXAMPLES,
    default=live_command,
    commands={"photos": photos_command, "cameras": cameras_command, "tune": tune_command, "service": service_command},
    interrupted="interrupted.",
)


def build_parser() -> argparse.ArgumentParser:
    """Return the command-line parser of toon-live. It imports nothing heavy: --help must be quick on a Pi."""
    return PROGRAM.parser()


def main(argv: list[str] | None = None) -> int:
    """Run toon-live, or one of its other commands; return the exit status."""
    # Without these, OpenCV and FFmpeg would print beside our one sentence. They read them when cv2 is first imported.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    return PROGRAM.main(argv)


if __name__ == "__main__":
    sys.exit(main())
